"""Dashboards in Grafana's schema, by grafana-foundation-sdk.

The version of the SDK decides about the schema: its plain name installs that of Grafana 10.1, so pyproject.toml pins
the newest line with its epoch. Staging runs `grafana/grafana:latest`, which migrates older schemas when it reads them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from string import ascii_uppercase
from typing import TypeVar

from grafana_foundation_sdk.builders import common, prometheus, stat, timeseries
from grafana_foundation_sdk.builders import dashboard as sdk
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import common as kinds
from grafana_foundation_sdk.models import dashboard as schema

from lab.dashboards import server, services
from lab.dashboards.panels import COLUMNS, Dashboard, Panel
from lab.processes import root
from runbook_lib.environment import Environment, load_environment

DASHBOARDS: tuple[Callable[[Environment], Dashboard], ...] = (
    services.overview, services.backend, services.data, server.host, server.proxy, server.runs)
# the variable by which a reader chooses the data source; provisioning gives it the uid that is chosen at first
SOURCE, SOURCE_UID, SOURCE_NAME = "datasource", "prometheus", "Prometheus"
TAG = "staging"
AnyPanel = TypeVar("AnyPanel", timeseries.Panel, stat.Panel)
FIGURE_HEIGHT, GRAPH_HEIGHT = 4, 8
# blue and vermilion of Okabe and Ito: a colour-blind reader tells them apart, and so does a printer
GOOD, BAD = "#0072B2", "#D55E00"


def dashboards() -> tuple[Dashboard, ...]:
    """Every dashboard of the staging environment. Raises RunbookError where its file is not valid."""
    environment = load_environment(str(root() / "parameters/environments/staging.yaml"))
    return tuple(make(environment) for make in DASHBOARDS)


def written() -> dict[str, str]:
    """File name → JSON, a file a dashboard, the same bytes each time."""
    def text(one: Dashboard) -> str:
        return json.dumps(built(one), cls=JSONEncoder, indent=1, sort_keys=True, ensure_ascii=False)

    return {f"{one.name}.json": f"{text(one)}\n" for one in dashboards()}


def built(one: Dashboard) -> schema.Dashboard:
    """The dashboard as Grafana reads it: UTC, read-only, with links to the others and firing alerts marked."""
    board = (sdk.Dashboard(f"GW2 staging · {one.title}").uid(one.uid).description(one.description).tags([TAG])
             .timezone("utc").readonly().refresh("30s").time("now-1h", "now").version(1)
             .tooltip(schema.DashboardCursorSync.CROSSHAIR)
             .with_variable(_source_variable()).annotation(_alerts_annotation()).link(_links()))
    panels = [(panel, COLUMNS // len(row)) for row in one.rows for panel in row]
    for number, (panel, width) in enumerate(panels, start=1):
        board.with_panel(_figure(panel, number, width) if panel.is_figure else _graph(panel, number, width))
    return board.build()


def _graph(panel: Panel, number: int, width: int) -> timeseries.Panel:
    graph = _described(timeseries.Panel(), panel, number, width).height(GRAPH_HEIGHT)
    graph.line_width(2).fill_opacity(8).show_points(kinds.VisibilityMode.NEVER)
    graph.tooltip(common.VizTooltipOptions().mode(kinds.TooltipDisplayMode.MULTI).sort(kinds.SortOrder.DESCENDING))
    graph.legend(common.VizLegendOptions().show_legend(True).display_mode(kinds.LegendDisplayMode.LIST)
                 .placement(kinds.LegendPlacement.BOTTOM))
    if panel.limit is not None:
        graph.thresholds_style(common.GraphThresholdsStyleConfig().mode(kinds.GraphThresholdsStyleMode.DASHED))
    for target in _targets(panel):
        graph.with_target(target.range())
    return graph


def _figure(panel: Panel, number: int, width: int) -> stat.Panel:
    shown = _described(stat.Panel(), panel, number, width).height(FIGURE_HEIGHT)
    shown.color_mode(kinds.BigValueColorMode.BACKGROUND).graph_mode(kinds.BigValueGraphMode.NONE)
    shown.reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
    for target in _targets(panel):
        # the present, whatever window the reader has chosen
        shown.with_target(target.instant())
    return shown


def _described(drawn: AnyPanel, panel: Panel, number: int, width: int) -> AnyPanel:
    drawn.id(number).title(panel.title).description(panel.description).unit(panel.unit)
    drawn.datasource(_source()).span(width).thresholds(_thresholds(panel)).min(0)
    if panel.maximum is not None:
        drawn.max(panel.maximum)
    return drawn


def _targets(panel: Panel) -> Iterator[prometheus.Dataquery]:
    for letter, one in zip(ascii_uppercase, panel.queries, strict=False):
        yield (prometheus.Dataquery().ref_id(letter).expr(one.expression).datasource(_source())
               .legend_format(one.legend or panel.title))


def _thresholds(panel: Panel) -> sdk.ThresholdsConfig:
    first, second = (BAD, GOOD) if panel.below else (GOOD, BAD)
    steps = [schema.Threshold(value=None, color=GOOD if panel.limit is None else first)]
    if panel.limit is not None:
        steps.append(schema.Threshold(value=panel.limit, color=second))
    return sdk.ThresholdsConfig().mode(schema.ThresholdsMode.ABSOLUTE).steps(steps)


def _source() -> schema.DataSourceRef:
    return schema.DataSourceRef(type_val="prometheus", uid=f"${{{SOURCE}}}")


def _source_variable() -> sdk.DatasourceVariable:
    chosen = schema.VariableOption(selected=True, text=SOURCE_NAME, value=SOURCE_UID)
    return sdk.DatasourceVariable(SOURCE).label("Data source").type("prometheus").current(chosen)


def _alerts_annotation() -> sdk.AnnotationQuery:
    return (sdk.AnnotationQuery().name("Firing alerts").datasource(_source()).enable(True).icon_color(BAD)
            .expr('max by (alertname) (ALERTS{alertstate="firing"})'))


def _links() -> sdk.DashboardLink:
    return (sdk.DashboardLink("Other dashboards").type(schema.DashboardLinkType.DASHBOARDS).tags([TAG])
            .as_dropdown(True).keep_time(True))
