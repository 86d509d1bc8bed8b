"""One door to AWS for writes, held by reading the source of everything that ships."""

import ast
from pathlib import Path

from remediation.execute import WRITES

ROOT = Path(__file__).parents[2]
SHIPPED = (
    "cspm",
    "network",
    "identity",
    "inventory",
    "findings",
    "drift",
    "remediation",
    "compliance",
)
DOOR = "remediation/execute.py"
READS = ("Describe", "Get", "List", "Search", "Lookup", "Assume")
PASSES_THROUGH = {"inventory/aws.py", "inventory/discovery.py", "inventory/reading.py", DOOR}


def modules():
    for package in SHIPPED:
        for path in sorted((ROOT / package).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text(encoding="utf-8"))


def entering(tree):
    """Every mention of the function that enters an account to write."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr == "writer":
            yield ast.unparse(node)
        elif isinstance(node, ast.ImportFrom) and node.module == "inventory.access":
            yield from (alias.name for alias in node.names if alias.name in ("writer", "*"))


def asked_operations(tree):
    """The operation of each call of `call` and `paginate`: a text, or None where it is computed."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or len(node.args) < 3:
            continue
        name = (
            node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        )
        if name in ("call", "paginate"):
            operation = node.args[2]
            yield operation.value if isinstance(operation, ast.Constant) else None


def test_only_the_executor_enters_an_account_to_write():
    """The permission test enters too, with a policy that denies everything, and keeps nothing."""
    found = {
        name
        for name, tree in modules()
        for text in entering(tree)
        if text in ("access.writer", "inventory.access.writer", "writer")
    }
    assert found - {"inventory/access.py"} == {DOOR, "inventory/checks.py"}
    source = (ROOT / "inventory/checks.py").read_text(encoding="utf-8")
    [entered] = [
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Expr) and "access.writer" in ast.unparse(node)
    ]
    assert "session_policy=_NOTHING" in ast.unparse(entered)
    assert '"Effect": "Deny", "Action": "*", "Resource": "*"' in source


def test_nobody_else_asks_for_an_operation_that_changes_anything():
    seen = 0
    for name, tree in modules():
        for operation in asked_operations(tree):
            seen += 1
            if operation is None:
                assert name in PASSES_THROUGH, name
            else:
                assert operation.startswith(READS), (name, operation)
    assert seen > 3


def test_no_name_of_a_write_stands_outside_the_plans_and_the_door():
    """Also not as a text that something else could be asked to call."""
    allowed = {DOOR, "inventory/collectors.py"}  # collectors name the events they listen to
    for name, tree in modules():
        texts = {
            n.value
            for n in ast.walk(tree)
            if isinstance(n, ast.Constant) and isinstance(n.value, str)
        }
        assert name in allowed or not texts & WRITES, name
