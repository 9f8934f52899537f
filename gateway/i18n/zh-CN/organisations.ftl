# 志愿组织：由谁核验，上级与下级组织。
organisation-checked = { $partner }已于{ $date }核验
organisation-check-run-out = { $partner }的核验已于{ $date }到期
organisation-parent = 上级组织：
organisation-children = 下级组织
organisations-title = 志愿组织
organisations-words = 名称中的词
organisations-level = 层级
organisations-order = 排序
organisations-by-name = 按名称
organisations-newest = 最新在前
organisations-none = 没有符合条件的志愿组织。
organisations-all = 查看全部
