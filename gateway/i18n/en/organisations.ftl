# Organisations: who checked them, and what stands above and below.
organisation-checked = Checked by { $partner } on { $date }
organisation-check-run-out = The check by { $partner } ran out on { $date }
organisation-parent = Part of
organisation-children = Organisations that belong to it
organisations-title = Organisations
organisations-words = Words of the name
organisations-level = Level
organisations-order = Order
organisations-by-name = by name
organisations-newest = newest first
organisations-none = No organisation is like that.
organisations-all = All of them
