"""A call of a function, and what a function becomes: the vocabulary of the tables of functions.

A form is a template for one number of arguments: `{0}`, `{1}` … are the SQL of the arguments (every expression is
written so that it can stand anywhere without more brackets), `{args}` any number of them. In a template,
`error('…')` stands where Athena fails too, and becomes NULL inside `try(…)`; `refuse('…')` stands where Athena would
answer and we cannot. A form that a template cannot express is a function over the `Call`.

Where only DuckDB knows a type, `cast_to_type(x, witness)` gives `x` the type of an expression that is not evaluated:
so `7 / 2` stays an integer, and a date plus a month a date.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from sqlglot import exp

from spotify_pipeline.errors import QueryError
from spotify_pipeline.query.translator.agreement import agree
from spotify_pipeline.query.translator.duckdb_text import comma
from spotify_pipeline.query.translator.kinds import Kind, joined

ANY: Final = -1  # any number of arguments, or the kind that all of them share
_LONGEST: Final = 200_000  # characters; a template may repeat an argument, so that nested ones grow fast
_ERROR = re.compile(r"(error|refuse)\(('[^']*')\)")
_PLACEHOLDER = re.compile(r"(?<!\{)\{(\d+)\}")  # not the {{4}} of a regular expression


@dataclass(frozen=True)
class Call:
    """One call of a function, its arguments written already."""

    name: str
    args: tuple[str, ...]
    kinds: tuple[Kind | None, ...]
    nodes: tuple[exp.Expr, ...]
    inside_try: bool = False
    distinct: str = ""  # 'DISTINCT '
    order: str = ""  # ' ORDER BY …' inside the brackets
    nulls: str = ""  # ' IGNORE NULLS'
    modifiers: str = ""  # ' FILTER (…) OVER (…)' after the brackets

    def text(self, position: int) -> str:
        """Give an argument that must be a text literal, as it decides on the SQL to write."""
        node = self.nodes[position]
        if not (isinstance(node, exp.Literal) and node.is_string):
            raise QueryError(f"The function {self.name} is supported only with a literal as argument {position + 1}.")
        return node.name

    def fill(self, template: str) -> str:
        """Put the arguments into a template."""
        filled = self.settle(template).format(
            *self.args, args=comma(self.args), distinct=self.distinct, order=self.order, nulls=self.nulls
        )
        if len(filled) > _LONGEST:
            raise QueryError(f"Too many operations are nested in {self.name[:60]!r}; name parts of it in a subquery.")
        return filled

    def aggregate(self, template: str) -> str:
        """Put the arguments into a template that is one aggregate or window call, with what follows its brackets."""
        return self.fill(template) + self.modifiers

    def settle(self, template: str) -> str:
        """Write what happens at `error('…')` and `refuse('…')`.

        DuckDB's `TRY` takes no call of `error`, as that counts as volatile.
        """
        if not self.inside_try:
            return _ERROR.sub(r"error(\2)", template)
        if refusal := next((found for found in _ERROR.finditer(template) if found[1] == "refuse"), None):
            raise QueryError(f"The function {self.name} cannot stand inside try() here: {refusal[2][1:-1]}.")
        return _ERROR.sub("NULL", template)


Form = str | Callable[[Call], str]
Returns = Kind | int | None  # a kind, or the position of the argument that has the same one, or ANY


@dataclass(frozen=True)
class Function:
    """What a function becomes, by the number of its arguments, and the kind of its result."""

    forms: Mapping[int, Form]
    returns: Returns | Mapping[int, Returns] = None  # the latter by the number of arguments
    aggregates: bool = False  # may be followed by FILTER and OVER
    around: str = "{}"  # what an aggregate, with its FILTER and OVER, is wrapped in

    def sql(self, call: Call) -> str:
        """Write a call.

        Raises:
            QueryError: it has arguments or additions that cannot be answered.
        """
        form = self.forms.get(len(call.args), self.forms.get(ANY))
        if form is None:
            raise QueryError(f"The function {call.name} is not supported with {len(call.args)} arguments.")
        if call.modifiers and not self.aggregates:
            raise QueryError(f"The function {call.name} takes neither FILTER nor OVER.")
        takes = form if isinstance(form, str) else "{distinct}" * self.aggregates
        for addition in ("distinct", "order", "nulls"):
            if (text := getattr(call, addition)) and f"{{{addition}}}" not in takes:
                raise QueryError(f"The function {call.name} is not supported with {text.strip()}.")
        if self.returns == ANY and "array" not in call.kinds:  # concat also takes an array and an element
            agree(call.kinds, call.name)
        if callable(form):
            return form(call)
        return self.around.format(call.aggregate(form) if self.aggregates else call.fill(form))

    def kind(self, kinds: tuple[Kind | None, ...]) -> Kind | None:
        """Give the kind of the result from those of the arguments."""
        returns = self.returns.get(len(kinds)) if isinstance(self.returns, Mapping) else self.returns
        if returns == ANY:
            return joined(*kinds)
        if isinstance(returns, int):
            return kinds[returns] if returns < len(kinds) else None
        return returns


def scalar(*forms: str, returns: Kind | int | None = None) -> Function:
    """Make a function from a template for each number of arguments."""
    return Function({_arity(form): form for form in forms}, returns)


def built(form: Callable[[Call], str], *arities: int, returns: Kind | int | None = None) -> Function:
    """Make a function that writes its calls itself, whatever of these numbers of arguments they have."""
    return Function(dict.fromkeys(arities, form), returns)


def aggregate(*forms: str, returns: Kind | int | None = None, around: str = "{}") -> Function:
    """Make an aggregate or window function from a template for each number of arguments."""
    return Function({_arity(form): form for form in forms}, returns, aggregates=True, around=around)


def let(parameter: str, value: str, body: str) -> str:
    """Write `body`, in which the value of another expression has a name."""
    return f"list_transform([{value}], lambda {parameter}: {body})[1]"


def _arity(form: str) -> int:
    return ANY if "{args}" in form else 1 + max((int(place) for place in _PLACEHOLDER.findall(form)), default=-1)
