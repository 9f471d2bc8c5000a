"""Metrics arranged for people, whatever the kind of segmentation."""

from collections.abc import Mapping, Sequence

from base.task import MetricTable


def by_class(metrics: Mapping[str, float], titles: Mapping[str, str]) -> dict[str, dict[str, float]]:
    """Title of a metric → class → value, for `Task.per_class`.

    Args:
        metrics: those of a class are named `<prefix>/<class>`.
        titles: prefix → title, the main metric first; a metric that no class has is left out.
    """
    found = {}
    for prefix, title in titles.items():
        start = f"{prefix}/"
        values = {name.removeprefix(start): value for name, value in metrics.items() if name.startswith(start)}
        found |= {title: values} if values else {}
    return found


def arranged(
    summary: MetricTable,
    metrics: Mapping[str, float],
    shown: Sequence[str],
    classes: Mapping[str, Mapping[str, float]],
) -> list[MetricTable]:
    """The summary, then every metric that is in no table, then a row for each class; empty tables are left out.

    Args:
        summary: of the task.
        metrics: all.
        shown: beginnings of the names that `summary` and `classes` have.
        classes: as `by_class` gives them.
    """
    others = tuple((name, value) for name, value in metrics.items() if not name.startswith(tuple(shown)))
    names = dict.fromkeys(name for values in classes.values() for name in values)
    rows = tuple((name, *(values.get(name) for values in classes.values())) for name in names)
    tables = (summary, MetricTable(("metric", "value"), others), MetricTable(("class", *classes), rows))
    return [table for table in tables if table.rows]
