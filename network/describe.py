"""A folder of `aws ec2 describe-*` answers as records: an inventory without an account at hand.

The result key of a file says its type, so any file name will do. Account and region come from the
names of the folders, else from owners, ARNs and availability zones in the files beside.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from network.answers import (
    RESULT_KEYS,
    Problem,
    items,
    records_from_answer,
    records_from_items,
    rules_of_permissions,
)
from network.canonical import TYPES
from network.normal import FormError
from network.records import Record, ShardKey, ShardState, ShardStatus

__all__ = ["Import", "Problem", "read_folder", "records_from_answer"]

UNKNOWN_ACCOUNT = "000000000000"
UNKNOWN_REGION = "unknown"
_ACCOUNT = re.compile(r"\d{12}")
_REGION = re.compile(r"[a-z]{2,3}(?:-[a-z]+)+-\d{1,2}")
_ARN = re.compile(r'"arn:aws[\w-]*:[\w-]+:([a-z0-9-]*):(\d{12}|):')
_OWNER = re.compile(r'"(?:OwnerId|GroupOwnerId)"\s*:\s*"(\d{12})"')
_ZONE = re.compile(r'"(?:AvailabilityZone|ZoneName)"\s*:\s*"([a-z]{2,3}(?:-[a-z]+)+-\d{1,2})[a-z]"')
_LIST_ID = re.compile(r"pl-[0-9a-f]+")


@dataclass(frozen=True, slots=True)
class Import:
    """What a folder held. A listing no file was there for is `never` read, not empty."""

    records: tuple[Record, ...]
    problems: tuple[Problem, ...]
    shards: Mapping[ShardKey, ShardStatus]


@dataclass(frozen=True, slots=True)
class _File:
    name: str
    text: str
    answer: Mapping[str, Any]


def read_folder(path: Path | str) -> Import:
    """Read every file below a folder; what cannot be read is named, and the rest is read.

    Raises `NotADirectoryError`.
    """
    root = Path(path)
    if not root.is_dir():
        raise NotADirectoryError(f"{root} is no folder")
    folders: dict[Path, list[Path]] = {}
    for file in sorted(root.rglob("*")):
        if file.is_file() and not any(
            part.startswith(".") for part in file.relative_to(root).parts
        ):
            folders.setdefault(file.parent, []).append(file)
    records: list[Record] = []
    problems: list[Problem] = []
    shards: dict[ShardKey, ShardStatus] = {}
    for folder, paths in folders.items():
        files = [found for each in paths if (found := _load(each, root, problems)) is not None]
        _Reader(folder.relative_to(root), files, records, problems, shards).read()
    return Import(tuple(records), tuple(problems), shards)


def _load(path: Path, root: Path, problems: list[Problem]) -> _File | None:
    name = path.relative_to(root).as_posix()
    try:
        text = path.read_text(encoding="utf-8-sig")
        answer = json.loads(text)
    except OSError as error:
        problems.append(Problem(name, error.strerror or "cannot be read"))
    except UnicodeDecodeError:
        problems.append(Problem(name, "not UTF-8 text"))
    except (json.JSONDecodeError, RecursionError) as error:
        where = f" (line {error.lineno})" if isinstance(error, json.JSONDecodeError) else ""
        problems.append(Problem(name, f"not JSON{where}"))
    else:
        if isinstance(answer, Mapping):
            return _File(name, text, answer)
        problems.append(Problem(name, "not an answer: the top is no object"))
    return None


class _Reader:
    """The files of one folder, which share an account and a region."""

    def __init__(
        self,
        folder: Path,
        files: list[_File],
        records: list[Record],
        problems: list[Problem],
        shards: dict[ShardKey, ShardStatus],
    ) -> None:
        self.files = files
        self.records = records
        self.problems = problems
        self.shards = shards
        named_account = _last(folder.parts, _ACCOUNT)
        self.named = bool(named_account)
        self.account = named_account or _account_in(files)
        self.region = _last(folder.parts, _REGION) or _region_in(files)

    def read(self) -> None:
        """Records, problems and shards of this folder."""
        listed: dict[str, list[Any]] = {}
        damaged: set[str] = set()
        entries: dict[str, list[Any]] = {}
        for file in self.files:
            found = [key for key in file.answer if key in RESULT_KEYS]
            list_id = _LIST_ID.search(file.name)
            if list_id and isinstance(file.answer.get("Entries"), list):
                entries.setdefault(list_id.group(), []).extend(file.answer["Entries"])
            elif not found:
                keys = ", ".join(sorted(map(str, file.answer))[:3]) or "nothing"
                self.problems.append(Problem(file.name, f"holds no type read here ({keys})"))
            for key in found:
                try:
                    listed.setdefault(RESULT_KEYS[key], []).extend(
                        (file.name, raw) for raw in items(RESULT_KEYS[key], file.answer)
                    )
                except FormError:
                    damaged.add(RESULT_KEYS[key])
                    self.problems.append(Problem(file.name, f"{key} is no list"))
        self._with_entries(listed.get("ec2.managed-prefix-list", ()), entries)
        self._with_rules(listed)
        before = len(self.records)
        for type_, raws in listed.items():
            self._add(type_, raws)
        self._shards(set(listed) - damaged, self.records[before:])

    def _add(self, type_: str, raws: Iterable[tuple[str, Any]]) -> None:
        for name, raw in raws:
            made, wrong = records_from_items(type_, [raw], account=self.account, region=self.region)
            # Without a folder that names an account, each owner's objects stand for themselves.
            self.records += made if self.named else [_own(record) for record in made]
            self.problems += [Problem(name, f"{type_}: {problem.reason}") for problem in wrong]

    def _with_rules(self, listed: dict[str, list[Any]]) -> None:
        """Older exports list rules inside their groups only."""
        groups = listed.get("ec2.security-group", [])
        known = {str(raw.get("GroupId")) for _, raw in listed.get("ec2.security-group-rule", ())
                 if isinstance(raw, Mapping)}  # fmt: skip
        grouped = {
            rule["SecurityGroupRuleId"]: (name, rule)
            for name, raw in groups
            if isinstance(raw, Mapping) and str(raw.get("GroupId")) not in known
            for rule in rules_of_permissions(raw)
        }
        if grouped or any("IpPermissions" in raw for _, raw in groups if isinstance(raw, Mapping)):
            listed.setdefault("ec2.security-group-rule", []).extend(grouped.values())

    def _with_entries(
        self, lists: Iterable[tuple[str, Any]], entries: Mapping[str, list[Any]]
    ) -> None:
        for _, raw in lists:
            if isinstance(raw, dict) and (found := entries.get(str(raw.get("PrefixListId")))):
                raw["Entries"] = found

    def _shards(self, read: set[str], records: Iterable[Record]) -> None:
        if not read:
            return
        accounts = {self.account}
        if not self.named:
            accounts |= {r.account for r in records if _ACCOUNT.fullmatch(r.account)}
        for account in accounts:
            for type_ in TYPES:
                key = ShardKey(account, self.region, type_)
                if type_ in read:
                    self.shards[key] = ShardStatus(ShardState.OK)
                else:
                    self.shards.setdefault(key, ShardStatus(ShardState.NEVER))


def _own(record: Record) -> Record:
    if not record.observer or not _ACCOUNT.fullmatch(record.account):
        return record
    return Record(record.type, record.account, record.region, record.id, record.config)


def _last(parts: Iterable[str], pattern: re.Pattern[str]) -> str:
    return next((part for part in reversed(tuple(parts)) if pattern.fullmatch(part)), "")


def _account_in(files: Iterable[_File]) -> str:
    """The most frequent owner; ARNs where no object says its owner."""
    texts = [file.text for file in files]
    owners = Counter(owner for text in texts for owner in _OWNER.findall(text))
    if not owners:
        owners = Counter(account for text in texts for _, account in _ARN.findall(text) if account)
    return min(owners, key=lambda owner: (-owners[owner], owner)) if owners else UNKNOWN_ACCOUNT


def _region_in(files: Iterable[_File]) -> str:
    texts = [file.text for file in files]
    regions = Counter(zone for text in texts for zone in _ZONE.findall(text))
    if not regions:
        regions = Counter(region for text in texts for region, _ in _ARN.findall(text) if region)
    return min(regions, key=lambda name: (-regions[name], name)) if regions else UNKNOWN_REGION
