/** A language of the page. */
export type Language = 'zh' | 'en'

const zh = {
  skip: '跳到正文', title: '两段中文，六种判断', lead: '一个小模型在这台设备上同时回答：两段文字是否同一话题（A），是否同一事件（B），短文对短文、短文对长文、长文对长文。',
  theme: '外观', themeSystem: '跟随系统', themeLight: '浅色', themeDark: '深色',
  model: '模型', device: '运行设备', deviceAuto: '自动选择', cancel: '取消', clearCache: '清除缓存', why: '为什么这样选择',
  loading: '正在加载模型…', ready: '已就绪', cancelled: '已取消。选择设备可重新加载。', cleared: '缓存已清除，下次打开会重新下载。', failed: '加载失败',
  pairTitle: '比较两段文字', example: '示例', first: '第一段', second: '第二段', match: '比较', shortcut: 'Ctrl + Enter',
  legend: '竖线是该任务的阈值；分数超过它即判为匹配。', yes: '匹配', no: '不匹配', score: '分数', threshold: '阈值', truncated: '已截断',
  rankTitle: '按相似度排序', query: '查询', criterion: '任务', candidates: '候选（每行一条）', rankDo: '排序',
  A: '同一话题', B: '同一事件', ss: '短文 · 短文', sl: '短文 · 长文', ll: '长文 · 长文',
  tokens: '词元', total: '共', perPair: '每对', pairs: '对',
  factDevice: '设备', factDtype: '精度', factThreads: '线程', factStorage: '缓存', factNetwork: '网络下载', factLoad: '加载用时', factReasons: '未选用', none: '无',
  download: '下载', verify: '校验', compile: '编译', privacy: '文字不离开这台设备：没有服务器，没有统计。'
}

const en: Record<keyof typeof zh, string> = {
  skip: 'Skip to content', title: 'Two Chinese texts, six judgements', lead: 'One small model answers on this device: are two texts about the same topic (A), about the same event (B), for short and long texts alike.',
  theme: 'Appearance', themeSystem: 'System', themeLight: 'Light', themeDark: 'Dark',
  model: 'Model', device: 'Runs on', deviceAuto: 'Automatic', cancel: 'Cancel', clearCache: 'Clear cache', why: 'Why this choice',
  loading: 'Loading the model…', ready: 'Ready', cancelled: 'Cancelled. Choose a device to load again.', cleared: 'The cache is empty; the next visit downloads again.', failed: 'Loading failed',
  pairTitle: 'Compare two texts', example: 'Example', first: 'First text', second: 'Second text', match: 'Compare', shortcut: 'Ctrl + Enter',
  legend: 'The line is the threshold of the task; a score above it means a match.', yes: 'match', no: 'no match', score: 'score', threshold: 'threshold', truncated: 'truncated',
  rankTitle: 'Rank by similarity', query: 'Query', criterion: 'Task', candidates: 'Candidates, one a line', rankDo: 'Rank',
  A: 'Same topic', B: 'Same event', ss: 'short · short', sl: 'short · long', ll: 'long · long',
  tokens: 'tokens', total: 'total', perPair: 'a pair', pairs: 'pairs',
  factDevice: 'Device', factDtype: 'Precision', factThreads: 'Threads', factStorage: 'Cache', factNetwork: 'Downloaded', factLoad: 'Load time', factReasons: 'Not chosen', none: 'none',
  download: 'download', verify: 'verify', compile: 'compile', privacy: 'Your texts stay on this device: no server, no statistics.'
}

/** The name of a sentence of the page. */
export type TextKey = keyof typeof zh

/** Every sentence of the page, by language. */
export const TEXTS: Record<Language, Record<TextKey, string>> = { zh, en }

/** Pairs to begin with: same event, same topic only, unrelated, and a short text beside a long one. */
export const EXAMPLES: readonly { readonly name: Record<Language, string>; readonly a: string; readonly b: string }[] = [
  {
    name: { zh: '同一事件', en: 'Same event' },
    a: '北京今天发布高温橙色预警，最高气温将达到39度',
    b: '橙色高温预警！北京今日最高温39℃，请注意防暑'
  },
  {
    name: { zh: '同一话题', en: 'Same topic' },
    a: '国产新能源汽车上半年出口量增长七成',
    b: '新能源汽车充电桩建设提速，高速服务区基本覆盖'
  },
  {
    name: { zh: '毫不相关', en: 'Unrelated' },
    a: '中国女排三比零战胜对手，晋级四强',
    b: '央行宣布下调存款准备金率0.25个百分点'
  },
  {
    name: { zh: '短文与长文', en: 'Short and long' },
    a: '地铁新线路月底开通',
    b: '记者从市轨道交通集团获悉，经过三个月的空载试运行，连接城东和高新区的地铁新线路将于本月底正式开通运营。新线路全长三十二公里，设站二十四座，其中换乘站六座，开通初期高峰时段行车间隔为四分钟，全程运行时间约五十分钟。市民可以使用手机扫码、交通卡等方式乘车，票价按里程计算。'
  }
]

/** What the ranking begins with. */
export const RANK_EXAMPLE = {
  query: '台风登陆福建沿海，多地停课停运',
  candidates: [
    '受台风影响，福建多地停课，部分列车停运',
    '台风今晨在福建沿海登陆，中心附近最大风力12级',
    '今年第一场寒潮来袭，北方多地降温超过十度',
    '福建推出沿海旅游新线路，欢迎各地游客',
    '新款手机发布，主打长续航和快速充电'
  ].join('\n')
}
