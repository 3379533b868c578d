"""20,000 recipients written in a manifest: validating it, compared with loading the text by PyYAML's C loader."""

from __future__ import annotations

from pathlib import Path

from bench import Claims, Cost, main, python, run_in_turn, spend
from campaign import Campaign, batch, environment, number

LOAD = "import sys, yaml; list(yaml.load_all(open(sys.argv[1], encoding='utf-8'), Loader=yaml.CSafeLoader))"
_PERSON = """\
    - to_number: "NUMBER"
      metadata: {customer_id: cust_INDEX, plan: gold}
"""


def measure(claims: Claims, directory: Path) -> None:
    people = 20_000 if claims.full else 5_000
    many, few = _campaign(directory / "many", people), _campaign(directory / "few", 10)

    def load() -> Cost:
        return spend(python(LOAD, many.directory / "inline.yaml"), cwd=many.directory, env=environment())

    def load_nothing() -> Cost:
        return spend(python(LOAD, few.directory / "inline.yaml"), cwd=few.directory, env=environment())

    costs = run_in_turn(
        {
            "yaml.load, C loader": load,
            "validate": lambda: many.run("validate"),
            "yaml.load of 10": load_nothing,
            "validate of 10": lambda: few.run("validate"),
        },
        claims.repeats(7),
    )
    ours = costs["validate"].cpu - costs["validate of 10"].cpu
    theirs = costs["yaml.load, C loader"].cpu - costs["yaml.load of 10"].cpu
    claims.check_at_most(f"{people:,} inline, without the start of either process", ours / theirs, 1.5)
    claims.show(f"{people:,} inline, whole processes", costs["validate"].cpu / costs["yaml.load, C loader"].cpu)


def _campaign(directory: Path, people: int) -> Campaign:
    campaign = Campaign.create(directory, "http://127.0.0.1:9", 0, batches=0)
    persons = (_PERSON.replace("NUMBER", number(at)).replace("INDEX", str(at)) for at in range(people))
    text = batch("inline", "  recipients:\n" + "".join(persons))
    (directory / "inline.yaml").write_text(text, encoding="utf-8")
    return campaign


if __name__ == "__main__":
    main("Inline YAML", measure)
