# 项目在正文以外的数字与代码。
fact-status = 状态
fact-weeks = 服务期
fact-causes = 服务领域
fact-checks = 上岗前核查
place-or-online = { $place }，部分可在线完成
weeks-at-least = 不少于 { $n } 周
role-taken = 已录用 { $n } 人
role-education = 学历：{ $education }及以上
role-experience = { $n } 年以上经验
role-wished = 优先：{ $skills }
field-accessibility = 无障碍条件
field-selection = 选拔方式
