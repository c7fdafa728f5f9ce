"""What people see: pages of the notebooks, tables, figures, panels. The only place that knows HTML.

`look` has colours, boxes and tables; `notebook` finds the case and shows panels with their static twins; `start`,
`review`, `timeline` and `containment` are the pages of the notebooks 0 to 3.
"""
