"""`waive` and `demote`: which findings a file accepts, and why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Final, Literal, cast

from specc.diagnostics.model import Fix, Label, Sink
from specc.diagnostics.registry import CODES, can_be_demoted, can_be_waived
from specc.elaborate.reader import Reader, RejectedError, suggestion
from specc.spec.waivers import Waiver
from specc.syntax.nodes import Item, Word

WAIVER_LIMIT: Final = 200  # a file that accepts more has other problems


def elaborate_waivers(items: Iterable[Item], names: Sequence[str], sink: Sink) -> tuple[Waiver, ...]:
    """Read the waivers of a file; `names` are the targets and layers that `on` may name."""
    waivers: dict[tuple[str, str, str | None], Waiver] = {}
    for item in items:
        try:
            waiver = _waiver(item, names, sink)
        except RejectedError:
            continue
        if len(waivers) >= WAIVER_LIMIT:
            sink.add("E1010", f"more than {WAIVER_LIMIT} findings to accept", item.head)
            break
        key = (waiver.action, waiver.code, waiver.scope)
        if key in waivers:
            there = waivers[key].span()
            label = (Label(there, "first given here"),) if there else ()
            sink.add("E1006", f"`{waiver.action} {waiver.code}` is given twice", item.head, secondary=label)
            continue
        waivers[key] = waiver
    return tuple(waivers.values())


def _waiver(item: Item, names: Sequence[str], sink: Sink) -> Waiver:
    reader = Reader(item, sink)
    action = reader.choice("`waive` or `demote`", ("waive", "demote"))
    code = _code(reader, action)
    scope = None
    if reader.accept("on"):
        scope = reader.word("the name of a target or layer")
        if scope.text not in names:
            notes, fix = suggestion(scope.text, scope.span, names)
            message = f"there is no target and no layer `{scope.text}`"
            reader.fail("E1011", message, scope.span, notes=notes, fix=fix)
    reason = reader.text("the reason, in quotes,")
    if not reason.text.strip():
        reader.fail("E1005", "the reason is empty: say why the finding is acceptable", reason.span)
    reader.finish()
    spans = {"": item.head, "action": action.span, "code": code.span, "reason": reason.span}
    if scope is not None:
        spans["scope"] = scope.span
    return Waiver.model_construct(
        action=cast(Literal["waive", "demote"], action.text),
        code=code.text,
        reason=reason.text,
        scope=scope.text if scope else None,
        spans=spans,
    )


def _code(reader: Reader, action: Word) -> Word:
    """The code of a finding that the action is meant for."""
    code = reader.word("the code of a finding")
    if code.text not in CODES:
        close = get_close_matches(code.text.upper(), CODES, n=1, cutoff=0.6)
        notes = (f"did you mean `{close[0]}`, {CODES[close[0]].title}?",) if close else ()
        fix = Fix(f"write `{close[0]}`", ((code.span, close[0]),)) if close else None
        reader.fail("E1011", f"there is no finding `{code.text}`", code.span, notes=notes, fix=fix)
    waivable, demotable = can_be_waived(code.text), can_be_demoted(code.text)
    if waivable if action.text == "waive" else demotable:
        return code
    other = "demote" if demotable else "waive" if waivable else None
    if other is None:
        message = f"`{code.text}` cannot be accepted: {CODES[code.text].title}"
        reader.fail("E6010", message, code.span, notes=("only warnings and what a rule proved can be accepted",))
    nature = "an error: it can be demoted, not waived" if demotable else "a warning: it can be waived, not demoted"
    fix = Fix(f"write `{other}`", ((action.span, other),))
    reader.fail("E6010", f"`{code.text}` is {nature}", action.span, fix=fix)
