"""Grafana's dashboards as code: `python -m lab.dashboards` writes them below staging/grafana/dashboards.

A tool of development: nothing that a runbook or the lab does needs it, or the SDK it is written with.
"""
