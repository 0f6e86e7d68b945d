"""Journeys as their YAML has them: held to their rules when they are loaded, and drawn.

The steps themselves are followed in SQL (macros/journeys); here is what a person who edits one is told.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from exports.errors import LoadError, Problem
from exports.textfile import read_text
from exports.yamlfile import read_yaml, yaml_problem

FOLDER = "models/marts/journeys"
DEEPEST = 3
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_DURATION = re.compile(r"[1-9][0-9]* (minute|hour|day|week)s?")
_KINDS = ("send", "wait", "branch")
_KNOWN = {"send": {"send", "name", "window"}, "wait": {"wait", "name"}, "branch": {"branch", "name"}}
_ASKED = ("opened", "clicked", "bought")
_HEADER = ("owner", "entry", "reentry", "overlap", "exits", "steps")


class _Mapping(dict[str, Any]):
    """A mapping that knows its line, and those of its keys."""

    line: int
    lines: dict[str, int]

    def at(self, key: str) -> int:
        return self.lines.get(key, self.line)


class _Loader(yaml.SafeLoader):
    pass


def _with_lines(loader: _Loader, node: yaml.MappingNode) -> _Mapping:
    lines: dict[str, int] = {}
    for key, _ in node.value:
        if key.value in lines:
            raise yaml.MarkedYAMLError(problem=f"key {key.value!r} is given twice", problem_mark=key.start_mark)
        lines[str(key.value)] = key.start_mark.line + 1
    mapping = _Mapping({str(key): value for key, value in loader.construct_mapping(node, deep=True).items()})
    # An anchor stands a line above what it names.
    mapping.line = min(lines.values(), default=node.start_mark.line + 1)
    mapping.lines = lines
    return mapping


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _with_lines)


@dataclass(frozen=True, slots=True)
class Known:
    """What else there is in the project that a journey may name."""

    triggers: Collection[str]
    segments: Collection[str]
    campaigns: Mapping[str, Mapping[str, Any]]


@dataclass(slots=True)
class Journey:
    """One journey, its definition as it was read, and what is wrong with it."""

    name: str
    path: Path
    definition: _Mapping
    problems: list[Problem] = field(default_factory=list)
    sends: dict[str, int] = field(default_factory=dict)
    names: set[str] = field(default_factory=lambda: {"entry"})

    def fault(self, line: int, text: str) -> None:
        self.problems.append(Problem(self.path, line, text))


def load_journeys(project: Path) -> list[Journey]:
    """Every journey of the project, in the order of their names.

    Raises:
        LoadError: with every fault in them, by file and line.
    """
    variables = read_yaml(project / "dbt_project.yml").data.get("vars")
    known = Known(
        triggers=_names(variables, "triggers"),
        segments=_names(variables, "segments"),
        campaigns={name: _campaign_policy(project, name) for name in _names(variables, "campaigns")},
    )
    folder = project / FOLDER
    listed = _names(variables, "journeys")
    problems: list[Problem] = []
    journeys: list[Journey] = []
    for path in sorted(folder.glob("jrn_*.yml")):
        name = path.stem.removeprefix("jrn_")
        if name not in listed:
            problems.append(Problem(path, 1, f"add {name} to vars.journeys in dbt_project.yml"))
        if journey := _read(path, name, problems):
            _check(journey, known)
            journeys.append(journey)
            problems += journey.problems
        sql = path.with_suffix(".sql")
        if not sql.exists() or read_text(sql).strip() != f"{{{{ journey('{name}') }}}}":
            problems.append(Problem(sql, 1, f"must be one line: {{{{ journey('{name}') }}}}"))
    for name in set(listed) - {path.stem.removeprefix("jrn_") for path in folder.glob("jrn_*.yml")}:
        problems.append(Problem(folder / f"jrn_{name}.yml", 1, "file is missing; vars.journeys lists it"))
    problems += _sent_twice(journeys)
    if problems:
        raise LoadError(problems)
    return journeys


def _campaign_policy(project: Path, name: str) -> Mapping[str, Any]:
    path = project / f"models/marts/campaigns/cmp_{name}.yml"
    if not path.exists():
        return {}
    try:
        policy = read_yaml(path).data["models"][0]["config"]["meta"]
    except (KeyError, IndexError, TypeError):
        return {}
    return policy if isinstance(policy, dict) else {}


def _names(variables: object, key: str) -> list[str]:
    """A list of names under `vars`; what is none is left out."""
    listed = variables.get(key) if isinstance(variables, dict) else None
    return [name for name in listed if isinstance(name, str)] if isinstance(listed, list) else []


def _read(path: Path, name: str, problems: list[Problem]) -> Journey | None:
    try:
        # A loader of ours that is safe: it only adds lines.
        document = yaml.load(read_text(path), Loader=_Loader)
    except LoadError as error:
        problems += error.problems
        return None
    except (yaml.YAMLError, RecursionError) as error:
        problems.append(yaml_problem(path, error))
        return None
    models = document.get("models") if isinstance(document, dict) else None
    model = models[0] if isinstance(models, list) and models and isinstance(models[0], _Mapping) else None
    if model is None or model.get("name") != f"jrn_{name}":
        problems.append(Problem(path, 1, f"must describe the model jrn_{name}"))
        return None
    config = model.get("config")
    definition = config.get("meta") if isinstance(config, dict) else None
    if not isinstance(definition, _Mapping):
        problems.append(Problem(path, model.line, "has no config.meta: say there who enters the journey and its steps"))
        return None
    if not str(model.get("description") or "").strip():
        problems.append(Problem(path, model.line, "say in `description` what the journey is for"))
    return Journey(name, path, definition)


def _check(journey: Journey, known: Known) -> None:
    definition = journey.definition
    for key in definition:
        if key not in _HEADER:
            journey.fault(definition.at(key), f"unknown key {key!r}; known are {', '.join(_HEADER)}")
    if not str(definition.get("owner") or "").strip():
        journey.fault(definition.at("owner"), "say in `owner` who answers for it")
    entry = definition.get("entry")
    if not isinstance(entry, _Mapping) or set(entry) != {"trigger"}:
        journey.fault(definition.at("entry"), "say who enters, as in `entry: {trigger: cart_abandoned}`")
    elif entry["trigger"] not in known.triggers:
        journey.fault(entry.line, f"unknown trigger {entry['trigger']!r}; known are {_listed(known.triggers)}")
    reentry = definition.get("reentry", "always")
    days = reentry.get("after_days") if isinstance(reentry, dict) and set(reentry) == {"after_days"} else None
    if reentry not in ("never", "always") and not (type(days) is int and days > 0):
        journey.fault(definition.at("reentry"), "`reentry` is never, always or {after_days: 30}")
    if not isinstance(definition.get("overlap", False), bool):
        journey.fault(definition.at("overlap"), "`overlap` is true or false")
    exits = definition.get("exits", [])
    if not isinstance(exits, list):
        journey.fault(definition.at("exits"), "`exits` is a list, as in `exits: [bought]`")
    else:
        for rule in exits:
            if isinstance(rule, _Mapping) and set(rule) == {"in_segment"}:
                _check_segment(journey, rule, known)
            elif rule not in ("bought", "unsubscribed"):
                journey.fault(
                    definition.at("exits"),
                    f"an exit is bought, unsubscribed or {{in_segment: ...}}, not {_shown(rule)}",
                )
    _check_steps(
        journey, definition.get("steps"), definition.at("steps"), known, depth=0, has_sent=False, goes_on=False
    )


def _check_steps(
    journey: Journey, steps: object, line: int, known: Known, *, depth: int, has_sent: bool, goes_on: bool
) -> tuple[bool, bool]:
    """Checks a list of steps; gives whether a way leads on from the last, and whether each way sends something."""
    if not isinstance(steps, list) or not steps:
        journey.fault(line, "needs steps; write `end` where nothing more is to happen")
        return True, has_sent
    is_open = True
    for place, step in enumerate(steps):
        at = step.line if isinstance(step, _Mapping) else line
        is_last = place == len(steps) - 1
        if not is_open:
            journey.fault(at, f"step {_shown(step)} is never reached: every way before it ends; take it or the end out")
            is_open = True
        if step == "end":
            is_open = False
            continue
        kinds = [kind for kind in _KINDS if kind in step] if isinstance(step, _Mapping) else []
        if len(kinds) != 1:
            journey.fault(at, f"a step is one of send, wait, branch or end, not {_shown(step)}")
            continue
        (kind,) = kinds
        name = _check_name(journey, step, kind)
        for key in set(step) - _KNOWN[kind]:
            journey.fault(at, f"step {name}: unknown key {key!r}; known are {', '.join(sorted(_KNOWN[kind]))}")
        if kind == "send":
            _check_send(journey, step, name, known)
            has_sent = True
        elif kind == "wait":
            _check_duration(journey, step["wait"], step, name)
            if is_last and not goes_on:
                journey.fault(at, f"step {name} waits for nothing: no step comes after it; add one or take it out")
        else:
            is_open, has_sent = _check_branch(
                journey, step, name, known, depth=depth + 1, has_sent=has_sent, goes_on=goes_on or not is_last
            )
    return is_open, has_sent


def _check_branch(
    journey: Journey, step: _Mapping, name: str, known: Known, *, depth: int, has_sent: bool, goes_on: bool
) -> tuple[bool, bool]:
    if depth > DEEPEST:
        journey.fault(step.line, f"step {name} is a branch in {DEEPEST} others; split the journey in two")
        return True, has_sent
    arms = step["branch"]
    if not isinstance(arms, list) or not all(isinstance(arm, _Mapping) for arm in arms):
        journey.fault(step.line, f"step {name}: a branch is a list of `if: ... then: ...` and a last `otherwise: ...`")
        return True, has_sent
    asked = [_condition(arm) for arm in arms]
    if asked.count("otherwise") != 1 or asked[-1] != "otherwise":
        journey.fault(step.line, f"step {name}: the last arm, and no other, is `otherwise`: what happens to the rest?")
    if len(arms) < 2:
        journey.fault(step.line, f"step {name}: a branch without an `if` chooses nothing; write its steps without it")
    for condition, times in Counter(asked).items():
        if times > 1 and condition != "otherwise":
            journey.fault(step.line, f"step {name} asks twice whether {condition}; the second is never taken")
    ways = []
    for arm, condition in zip(arms, asked, strict=True):
        if set(arm) not in ({"if", "then"}, {"otherwise"}):
            journey.fault(arm.line, f"step {name}: an arm is `if: ... then: ...` or `otherwise: ...`, no {_shown(arm)}")
            continue
        if condition in ("opened", "clicked") and not has_sent:
            journey.fault(arm.line, f"step {name} asks whether a mail was {condition}, and none is sent before it")
        if isinstance(arm.get("if"), _Mapping) and set(arm["if"]) == {"in_segment"}:
            _check_segment(journey, arm["if"], known)
        elif condition not in (*_ASKED, "otherwise"):
            journey.fault(arm.line, f"step {name}: if opened, clicked, bought or {{in_segment: ...}}, not {condition}")
        steps = arm.get("then", arm.get("otherwise"))
        ways.append(_check_steps(journey, steps, arm.line, known, depth=depth, has_sent=has_sent, goes_on=goes_on))
    open_ways = [sent for is_open, sent in ways if is_open]
    return bool(open_ways) or not ways, all(open_ways)


def _condition(arm: _Mapping) -> str:
    asked = arm.get("if", "otherwise" if "otherwise" in arm else None)
    return f"in_segment {asked.get('in_segment')}" if isinstance(asked, dict) else str(asked)


def _check_name(journey: Journey, step: _Mapping, kind: str) -> str:
    name = str(step.get("name", step_name(step, kind)))
    if not _NAME.fullmatch(name) and not (kind == "wait" and "name" not in step):
        journey.fault(step.line, f"step {name}: a name is of small letters, digits and _, and begins with a letter")
    if name in journey.names:
        journey.fault(step.line, f"step {name} is there twice; give one of them another `name`")
    journey.names.add(name)
    return name


def _check_send(journey: Journey, step: _Mapping, name: str, known: Known) -> None:
    campaign = step["send"]
    journey.sends.setdefault(str(campaign), step.line)
    if campaign not in known.campaigns:
        journey.fault(step.line, f"step {name}: unknown campaign {campaign!r}; known are {_listed(known.campaigns)}")
        return
    for key in ("trigger", "segments"):
        if known.campaigns[campaign].get(key):
            journey.fault(
                step.line, f"step {name}: cmp_{campaign}.yml has `{key}` of its own; what a journey sends has none"
            )
    if "window" in step:
        _check_duration(journey, step["window"], step, name)


def _check_duration(journey: Journey, duration: object, step: _Mapping, name: str) -> None:
    if not _DURATION.fullmatch(str(duration)):
        journey.fault(
            step.line, f"step {name}: {duration!r} is no duration; write it as in 90 minutes, 24 hours or 3 days"
        )


def _check_segment(journey: Journey, rule: _Mapping, known: Known) -> None:
    if rule["in_segment"] not in known.segments:
        journey.fault(rule.line, f"unknown segment {rule['in_segment']!r}; known are {_listed(known.segments)}")


def _sent_twice(journeys: list[Journey]) -> list[Problem]:
    senders: dict[str, Journey] = {}
    problems = []
    for journey in journeys:
        for campaign, line in journey.sends.items():
            first = senders.setdefault(campaign, journey)
            if first is not journey:
                text = f"{campaign} is sent by the journey {first.name} too; a campaign is sent by one journey"
                problems.append(Problem(journey.path, line, text))
    return problems


def step_name(step: Mapping[str, Any], kind: str) -> str:
    """What a step is called that is given no name; macros/journeys/journey_plan.sql calls it the same."""
    return {"send": str(step.get("send")), "wait": f"wait {step.get('wait')}".replace(" ", "_")}.get(kind, kind)


def _listed(names: Collection[str]) -> str:
    return ", ".join(sorted(names))


def _shown(value: object) -> str:
    return str(dict(value) if isinstance(value, _Mapping) else value)


@dataclass(slots=True)
class _Drawing:
    lines: list[str] = field(default_factory=list)
    count: int = 0

    def box(self, shape: str, text: str) -> str:
        """Draws a box and gives its id."""
        self.count += 1
        left, right = {"send": ("[", "]"), "wait": ("([", "])"), "branch": ("{", "}"), "end": ("((", "))")}[shape]
        self.lines.append(f'    s{self.count}{left}"{text}"{right}')
        return f"s{self.count}"

    def arrow(self, ways: list[tuple[str, str]], to: str) -> None:
        self.lines += [f"    {way} -->{f'|{label}|' if label else ''} {to}" for way, label in ways]


def draw(journey: Journey) -> str:
    """The journey as a Mermaid flowchart."""
    definition = journey.definition
    drawing = _Drawing(["flowchart TD"])
    entry = drawing.box("wait", f"{definition['entry']['trigger']} falls due")
    ways = _draw_steps(drawing, definition["steps"], [(entry, "")])
    if ways:
        drawing.arrow(ways, drawing.box("end", "end"))
    if rules := [_exit_text(rule) for rule in definition.get("exits", [])]:
        drawing.lines.append(f'    exits["leaves at once when {" or ".join(rules)}"]')
        drawing.lines.append(f"    {entry} -.- exits")
    return "\n".join(drawing.lines) + "\n"


def _draw_steps(drawing: _Drawing, steps: list[Any], ways: list[tuple[str, str]]) -> list[tuple[str, str]]:
    for step in steps:
        if step == "end":
            drawing.arrow(ways, drawing.box("end", "end"))
            ways = []
        elif "branch" in step:
            box = drawing.box("branch", step.get("name", "branch").replace("_", " ") + "?")
            drawing.arrow(ways, box)
            ways = [
                way
                for arm in step["branch"]
                for way in _draw_steps(
                    drawing, arm.get("then", arm.get("otherwise")), [(box, _condition(arm).replace("_", " ", 1))]
                )
            ]
        else:
            kind = "send" if "send" in step else "wait"
            box = drawing.box(kind, f"{kind} {step[kind]}")
            drawing.arrow(ways, box)
            ways = [(box, "")]
    return ways


def _exit_text(rule: object) -> str:
    return f"in segment {rule['in_segment']}" if isinstance(rule, _Mapping) else str(rule)
