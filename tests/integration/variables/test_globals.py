"""Global variables of the program's own units, within a budget, and each thread's own variables."""

import json
import subprocess
from pathlib import Path
from typing import Any

OBIT = Path(__file__).parents[3] / ".venv" / "bin" / "obit"
MANY = 200
SOURCE = """
struct limits { int most; const char *name; };
static struct limits limits = {7, "small"};
__thread int depth = 3;
int touch(int *where) { depth = 5; return *where + limits.most; }
int main(void) { return touch(0); }
"""


def crashed(folder: Path, source: str) -> Any:
    """The document of a program that crashes."""
    (folder / "crash.c").write_text(source)
    subprocess.run(["gcc", "-g", "crash.c", "-o", "crash"], cwd=folder, check=True)
    return json.loads(subprocess.run([OBIT, "run", "--json", "--", folder / "crash"], capture_output=True, cwd=folder, check=False).stdout)


def test_globals_and_thread_local_variables_have_their_values(tmp_path: Path) -> None:
    found = {variable["name"]: variable for variable in crashed(tmp_path, SOURCE)["globals"]}
    most, name = found["limits"]["children"]
    assert (most["value"], found["limits"]["kind"]) == ("7", "global")
    assert name["value"].endswith('"small"')
    assert found["depth"]["value"] == "5"


def test_there_is_a_limit_to_globals(tmp_path: Path) -> None:
    many = "".join(f"int number_{index} = {index};\n" for index in range(MANY))
    found = crashed(tmp_path, many + SOURCE)["globals"]
    assert 10 < len(found) < MANY
