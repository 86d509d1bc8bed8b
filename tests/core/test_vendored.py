"""The scripts in static/vendor are the ones that the Python side was made for."""

from pathlib import Path

from plotly.offline import get_plotlyjs_version

VENDOR = Path(__file__).parents[2] / "static" / "vendor"


def test_plotly_js_is_the_version_of_the_python_package():
    head = (VENDOR / "plotly-basic.min.js").read_text(encoding="utf-8")[:200]
    assert f"v{get_plotlyjs_version()}" in head


def test_plotly_js_evaluates_no_text():
    script = (VENDOR / "plotly-basic.min.js").read_text(encoding="utf-8")
    assert "new Function" not in script
    assert "eval(" not in script
