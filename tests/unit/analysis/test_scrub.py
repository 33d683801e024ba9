"""What is hidden of a process's environment and arguments, and what is not."""

import pytest

from obit.analysis.scrub import HIDDEN, scrub_arguments, scrub_process, scrub_value


@pytest.mark.parametrize(
    "name",
    ["DB_PASSWORD", "PGPASSWORD", "AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN", "apikey", "API_KEY", "MYSQL_PWD", "SESSION_COOKIE", "SSH_KEY"],
)
def test_names_of_secrets_hide_their_value(name: str) -> None:
    assert scrub_value(name, "hunter2") == HIDDEN


@pytest.mark.parametrize("name", ["PATH", "HOME", "PWD", "OLDPWD", "KEYMAP", "SSH_AUTH_SOCK", "MONKEY", "LANG"])
def test_other_names_keep_it(name: str) -> None:
    assert scrub_value(name, "hunter2") == "hunter2"


def test_the_password_of_a_url_is_hidden_wherever_it_stands() -> None:
    assert scrub_value("DATABASE_URL", "postgres://me:hunter2@db/shop") == f"postgres://me:{HIDDEN}@db/shop"


def test_arguments_lose_the_values_of_secret_options() -> None:
    given = ["server", "--token=abc", "--password", "hunter2", "--port=80", "--verbose", "http://a:b@c/"]
    assert scrub_arguments(given) == [
        "server",
        f"--token={HIDDEN}",
        "--password",
        HIDDEN,
        "--port=80",
        "--verbose",
        f"http://a:{HIDDEN}@c/",
    ]


def test_the_facts_of_a_process_keep_everything_else() -> None:
    facts = {"pid": 7, "environ": {"A": "1", "TOKEN": "2"}, "cmdline": ["x", "--key=1"]}
    assert scrub_process(facts) == {"pid": 7, "environ": {"A": "1", "TOKEN": HIDDEN}, "cmdline": ["x", f"--key={HIDDEN}"]}
    assert scrub_process({"pid": 7, "cmdline": "x --key=1"}) == {"pid": 7, "cmdline": "x --key=1"}
