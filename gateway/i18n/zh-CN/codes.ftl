# 各类代码的名称：类别-代码 = 名称。

offer-stipend = 津贴：{ $amount }
offer-housing = 住宿
offer-meals = 餐食
offer-travel = 交通
offer-insurance = 保险
offer-visa = 签证协助
offer-training = 培训
offer-certificate = 证书

partner-kind-federation = 联合会
partner-kind-un-agency = 联合国机构
partner-kind-organisation = 志愿组织
partner-kind-government = 政府机构
partner-kind-research = 研究机构

purpose-placement = 志愿者派遣

material-paper = 论文
material-slides = 讲稿
material-poster = 海报
material-book = 图书
material-report = 报告
material-guideline = 指南
material-video = 视频

media-application-pdf = PDF

state-live = 有效
state-superseded = 已更新
state-expired = 已过期
state-erased = 已撤回并删除
state-erased-with-source = 随来源一并删除
state-withheld = 被扣留
state-not-for-us = 非本机构可读
state-unsupported = 需要更新版本的节点
state-refused = 无效
state-unknown = 未知
state-text-live = 这条记录有效。
state-text-superseded = 已有更新的版本取而代之。
state-text-expired = 已过有效期。
state-text-erased = 发布者已撤回，本节点已删除其内容；日志仍表明它曾经存在。
state-text-erased-with-source = 它依据的记录已被撤回，因此一并删除。
state-text-withheld = 属于公开记录，但无人提供其内容。
state-text-not-for-us = 已封存给其他机构，这里只有它在日志中的位置，没有内容。
state-text-unsupported = 其中有些内容需要更新版本的节点才能读懂。
state-text-refused = 格式不合规则，因此不予采用。
state-text-unknown = 本节点不清楚它的状态。

kind-sealed = 封存记录
kind-volbridge-partner-descriptor-v1 = 机构身份
kind-volbridge-node-info-v1 = 节点信息
kind-volbridge-continuation-v1 = 日志新纪元
kind-volbridge-endorsement-v1 = 担保
kind-volbridge-endorsement-end-v1 = 担保终止
kind-volbridge-handover-v1 = 组织移交
kind-volbridge-organisation-v1 = 志愿组织
kind-volbridge-listing-v1 = 志愿项目
kind-volbridge-agreement-v1 = 协议
kind-volbridge-agreement-end-v1 = 协议终止
kind-volbridge-volunteer-profile-v1 = 志愿者资料
kind-volbridge-consent-v1 = 同意书
kind-volbridge-conference-v1 = 会议
kind-volbridge-material-v1 = 会议资料
kind-volbridge-statistics-v1 = 月度统计
kind-volbridge-translation-v1 = 译文
kind-volbridge-withdrawal-v1 = 撤回声明
kind-volbridge-erasure-receipt-v1 = 删除回执
kind-volbridge-erasure-request-v1 = 删除请求
kind-volbridge-disavowal-v1 = 否认声明

currency-USD = 美元
currency-EUR = 欧元
currency-AUD = 澳元
currency-CNY = 元人民币
currency-GBP = 英镑
currency-CHF = 瑞士法郎

status-full = 已招满
status-paused = 暂停招募
status-closed = 已结束招募
