"""EC2's security group calls, where moto answers otherwise than AWS."""

from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.models import ec2_backends
from moto.ec2.models.security_groups import SecurityGroup, SecurityGroupRule
from moto.ec2.responses import EC2Response

from lab import group_rules
from lab.errors import AwsError

RULES_PER_GROUP = 60


class SecurityGroups(EC2Response):
    """All or nothing per call; every rule added or removed is in the answer."""

    params: dict[str, Any]

    def authorize_security_group_ingress(self) -> ActionResult:
        """Add inbound rules."""
        return self._authorize(egress=False)

    def authorize_security_group_egress(self) -> ActionResult:
        """Add outbound rules."""
        return self._authorize(egress=True)

    def revoke_security_group_ingress(self) -> ActionResult:
        """Remove inbound rules by id or by permission."""
        return self._revoke(egress=False)

    def revoke_security_group_egress(self) -> ActionResult:
        """Remove outbound rules by id or by permission."""
        return self._revoke(egress=True)

    def update_security_group_rule_descriptions_ingress(self) -> ActionResult:
        """Change descriptions of inbound rules."""
        return self._redescribe(egress=False)

    def update_security_group_rule_descriptions_egress(self) -> ActionResult:
        """Change descriptions of outbound rules."""
        return self._redescribe(egress=True)

    def modify_security_group_rules(self) -> ActionResult:
        """Replace rules in place: ids and tags stay."""
        group = self._group()
        wanted = self.params.get("SecurityGroupRules", [])
        prepared = []
        for item in wanted:
            rule = group.get_rule(item["SecurityGroupRuleId"])
            if rule is None:
                raise _unknown_rule(item["SecurityGroupRuleId"])
            prepared.append((rule, self._replacement(group, rule, item["SecurityGroupRule"])))
        for rule, new in prepared:
            for field in ("ip_protocol", "from_port", "to_port", "ip_range", "source_group"):
                setattr(rule, field, getattr(new, field))
            rule.prefix_list_id = new.prefix_list_id
            group_rules.describe(rule, new.description or "")
        return ActionResult({"Return": True})

    def describe_security_group_rules(self) -> ActionResult:
        """List rules by id, group, tag or all."""
        filters = self._filters_from_querystring()
        for name in filters:
            if name not in ("group-id", "security-group-rule-id") and not name.startswith("tag"):
                raise AwsError("InvalidParameterValue", f"The filter '{name}' is invalid")
        rules = list(self._all_rules())
        ids = self.params.get("SecurityGroupRuleIds", [])
        known = {rule.id for rule in rules}
        for rule_id in ids:
            if rule_id not in known:
                raise _unknown_rule(rule_id)
        kept = [
            rule for rule in rules if (not ids or rule.id in ids) and rule.matches_filters(filters)
        ]
        return ActionResult({"SecurityGroupRules": [group_rules.described(r) for r in kept]})

    def delete_security_group(self) -> ActionResult:
        """Remove a group that nothing refers to."""
        group = self._group()
        if group.name == "default":
            raise AwsError(
                "CannotDelete",
                f'the specified group: "{group.id}" name: "default" cannot be deleted by a user',
            )
        attached = any(group in eni._group_set for eni in self.ec2_backend.enis.values())
        if attached or self._referenced(group):
            raise AwsError("DependencyViolation", f"resource {group.id} has a dependent object")
        for rule in (*group.ingress_rules, *group.egress_rules):
            self.ec2_backend.tags.pop(rule.id, None)
        self.ec2_backend.tags.pop(group.id, None)
        self.ec2_backend.delete_security_group(group_id=group.id)
        return ActionResult({"Return": True, "GroupId": group.id})

    def _authorize(self, *, egress: bool) -> ActionResult:
        group = self._group()
        rules = _rules(group, egress=egress)
        tags = self._parse_tag_specification().get("security-group-rule", {})
        permissions = group_rules.permissions_of(self.params)
        added = list(group_rules.rules_from(self.ec2_backend, group, permissions, egress=egress))
        present = {group_rules.same_as(rule) for rule in rules}
        for rule in added:
            if group_rules.same_as(rule) in present:
                raise AwsError(
                    "InvalidPermission.Duplicate",
                    "the specified rule already exists in this security group",
                )
            present.add(group_rules.same_as(rule))
        if len(rules) + len(added) > RULES_PER_GROUP:
            raise AwsError(
                "RulesPerSecurityGroupLimitExceeded",
                "The maximum number of rules per security group has been reached.",
            )
        for rule in added:
            rule.add_tags(tags)
        rules.extend(added)
        shown = [group_rules.described(rule) for rule in added]
        return ActionResult({"Return": True, "SecurityGroupRules": shown})

    def _revoke(self, *, egress: bool) -> ActionResult:
        group = self._group()
        rules = _rules(group, egress=egress)
        ids = self.params.get("SecurityGroupRuleIds", [])
        if ids:
            known = {rule.id: rule for rule in rules}
            for rule_id in ids:
                if rule_id not in known:
                    raise _unknown_rule(rule_id)
            gone = [known[rule_id] for rule_id in dict.fromkeys(ids)]
        else:
            gone = self._matching(group, rules, egress=egress)
        leaving = {rule.id for rule in gone}
        rules[:] = [rule for rule in rules if rule.id not in leaving]
        for rule_id in leaving:
            self.ec2_backend.tags.pop(rule_id, None)
        shown = [group_rules.revoked(rule) for rule in gone]
        return ActionResult({"Return": True, "RevokedSecurityGroupRules": shown})

    def _redescribe(self, *, egress: bool) -> ActionResult:
        group = self._group()
        rules = _rules(group, egress=egress)
        by_id = self.params.get("SecurityGroupRuleDescriptions", [])
        if by_id:
            known = {rule.id: rule for rule in rules}
            for item in by_id:
                if item["SecurityGroupRuleId"] not in known:
                    raise _unknown_rule(item["SecurityGroupRuleId"])
            for item in by_id:
                rule = known[item["SecurityGroupRuleId"]]
                group_rules.describe(rule, item.get("Description", ""))
            return ActionResult({"Return": True})
        permissions = group_rules.permissions_of(self.params)
        present = {group_rules.same_as(rule): rule for rule in rules}
        given = list(group_rules.rules_from(self.ec2_backend, group, permissions, egress=egress))
        for rule in given:
            if group_rules.same_as(rule) not in present:
                raise _unknown_permission()
        for rule in given:
            group_rules.describe(present[group_rules.same_as(rule)], rule.description or "")
        return ActionResult({"Return": True})

    def _matching(
        self, group: SecurityGroup, rules: list[SecurityGroupRule], *, egress: bool
    ) -> list[SecurityGroupRule]:
        present = {group_rules.same_as(rule): rule for rule in rules}
        permissions = group_rules.permissions_of(self.params)
        found = []
        for rule in group_rules.rules_from(self.ec2_backend, group, permissions, egress=egress):
            match = present.get(group_rules.same_as(rule))
            if match is None:
                raise _unknown_permission()
            found.append(match)
        return found

    def _replacement(
        self, group: SecurityGroup, rule: SecurityGroupRule, given: dict[str, Any]
    ) -> SecurityGroupRule:
        described = {"Description": given["Description"]} if given.get("Description") else {}
        permission = {k: given[k] for k in ("IpProtocol", "FromPort", "ToPort") if k in given}
        sources: dict[str, list[dict[str, Any]]] = {}
        if "CidrIpv4" in given:
            sources["IpRanges"] = [{"CidrIp": given["CidrIpv4"], **described}]
        if "CidrIpv6" in given:
            sources["Ipv6Ranges"] = [{"CidrIpv6": given["CidrIpv6"], **described}]
        if "PrefixListId" in given:
            sources["PrefixListIds"] = [{"PrefixListId": given["PrefixListId"], **described}]
        if "ReferencedGroupId" in given:
            sources["UserIdGroupPairs"] = [{"GroupId": given["ReferencedGroupId"], **described}]
        if len(sources) != 1:
            raise AwsError(
                "InvalidParameterCombination",
                "Exactly one of cidrIp, cidrIpv6, prefixListId, or referencedGroupId must be given",
            )
        new = next(
            iter(
                group_rules.rules_from(
                    self.ec2_backend, group, [permission | sources], egress=rule.is_egress
                )
            )
        )
        if bool(new.cidr_ipv4) != bool(rule.cidr_ipv4) or bool(new.cidr_ipv6) != bool(
            rule.cidr_ipv6
        ):
            raise AwsError(
                "InvalidParameterValue",
                f"Invalid rule type for security group rule '{rule.id}'. The kind of source of an "
                "existing rule cannot change.",
            )
        others = _rules(group, egress=rule.is_egress)
        if any(
            o is not rule and group_rules.same_as(o) == group_rules.same_as(new) for o in others
        ):
            raise AwsError(
                "InvalidPermission.Duplicate",
                "the specified rule already exists in this security group",
            )
        return new

    def _group(self) -> SecurityGroup:
        wanted = self.params.get("GroupId") or self.params.get("GroupName")
        if not wanted:
            raise AwsError("MissingParameter", "The request must contain the parameter groupId")
        group: SecurityGroup | None = self.ec2_backend.get_security_group_by_name_or_id(wanted)
        if group is None:
            raise group_rules.not_found(wanted)
        return group

    def _all_rules(self) -> list[SecurityGroupRule]:
        return [
            rule
            for groups in self.ec2_backend.groups.values()
            for group in groups.values()
            for rule in (*group.egress_rules, *group.ingress_rules)
        ]

    def _referenced(self, group: SecurityGroup) -> bool:
        region = self.ec2_backend.region_name
        for account in list(ec2_backends):
            if region not in ec2_backends[account].keys():  # noqa: SIM118 - `in` would create it
                continue
            for groups in ec2_backends[account][region].groups.values():
                for other in groups.values():
                    if other.id == group.id:
                        continue
                    for rule in (*other.ingress_rules, *other.egress_rules):
                        if rule.source_group.get("GroupId") == group.id:
                            return True
        return False


def _rules(group: SecurityGroup, *, egress: bool) -> list[SecurityGroupRule]:
    rules: list[SecurityGroupRule] = group.egress_rules if egress else group.ingress_rules
    return rules


def _unknown_rule(rule_id: str) -> AwsError:
    return AwsError(
        "InvalidSecurityGroupRuleId.NotFound",
        f"The security group rule ID '{rule_id}' does not exist",
    )


def _unknown_permission() -> AwsError:
    return AwsError(
        "InvalidPermission.NotFound", "The specified rule does not exist in this security group."
    )
