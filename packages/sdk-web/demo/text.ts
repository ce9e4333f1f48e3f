/** A language of the page. */
export type Language = 'zh' | 'en'

const zh = {
  skip: '跳到正文',
  title: '两段中文，六种判断',
  lead: '一个小模型在这台设备上同时回答：两段文字是否同一话题（A），是否同一事件（B），短文对短文、短文对长文、长文对长文。',
  theme: '外观',
  themeSystem: '跟随系统',
  themeLight: '浅色',
  themeDark: '深色',
  model: '模型',
  device: '运行设备',
  deviceAuto: '自动选择',
  cancel: '取消',
  clearCache: '清除缓存',
  why: '为什么这样选择',
  demoModel: '演示模型只读过生成的新闻，示例也出自其中，名称均为虚构；别的文字它会判断得差一些。',
  loading: '正在加载模型…',
  ready: '已就绪',
  cancelled: '已取消。选择设备可重新加载。',
  cleared: '缓存已清除，下次打开会重新下载。',
  failed: '加载失败',
  pairTitle: '比较两段文字',
  example: '示例',
  first: '第一段',
  second: '第二段',
  match: '比较',
  shortcut: 'Ctrl + Enter',
  legend: '竖线是该任务的阈值；分数超过它即判为匹配。',
  yes: '匹配',
  no: '不匹配',
  score: '分数',
  threshold: '阈值',
  truncated: '已截断',
  rankTitle: '按相似度排序',
  query: '查询',
  criterion: '任务',
  candidates: '候选（每行一条）',
  rankDo: '排序',
  A: '同一话题',
  B: '同一事件',
  ss: '短文 · 短文',
  sl: '短文 · 长文',
  ll: '长文 · 长文',
  tokens: '词元',
  total: '共',
  perPair: '每对',
  pairs: '对',
  factDevice: '设备',
  factDtype: '精度',
  factThreads: '线程',
  factStorage: '缓存',
  factNetwork: '网络下载',
  factLoad: '加载用时',
  factReasons: '未选用',
  none: '无',
  download: '下载',
  verify: '校验',
  compile: '编译',
  privacy: '文字不离开这台设备：没有服务器，没有统计。'
}

const en: Record<keyof typeof zh, string> = {
  skip: 'Skip to content',
  title: 'Two Chinese texts, six judgements',
  lead: 'One small model answers on this device: are two texts about the same topic (A), about the same event (B), for short and long texts alike.',
  theme: 'Appearance',
  themeSystem: 'System',
  themeLight: 'Light',
  themeDark: 'Dark',
  model: 'Model',
  device: 'Runs on',
  deviceAuto: 'Automatic',
  cancel: 'Cancel',
  clearCache: 'Clear cache',
  why: 'Why this choice',
  demoModel:
    'The demo model has read generated news only, which the examples are from; on other texts it judges less well.',
  loading: 'Loading the model…',
  ready: 'Ready',
  cancelled: 'Cancelled. Choose a device to load again.',
  cleared: 'The cache is empty; the next visit downloads again.',
  failed: 'Loading failed',
  pairTitle: 'Compare two texts',
  example: 'Example',
  first: 'First text',
  second: 'Second text',
  match: 'Compare',
  shortcut: 'Ctrl + Enter',
  legend: 'The line is the threshold of the task; a score above it means a match.',
  yes: 'match',
  no: 'no match',
  score: 'score',
  threshold: 'threshold',
  truncated: 'truncated',
  rankTitle: 'Rank by similarity',
  query: 'Query',
  criterion: 'Task',
  candidates: 'Candidates, one a line',
  rankDo: 'Rank',
  A: 'Same topic',
  B: 'Same event',
  ss: 'short · short',
  sl: 'short · long',
  ll: 'long · long',
  tokens: 'tokens',
  total: 'total',
  perPair: 'a pair',
  pairs: 'pairs',
  factDevice: 'Device',
  factDtype: 'Precision',
  factThreads: 'Threads',
  factStorage: 'Cache',
  factNetwork: 'Downloaded',
  factLoad: 'Load time',
  factReasons: 'Not chosen',
  none: 'none',
  download: 'download',
  verify: 'verify',
  compile: 'compile',
  privacy: 'Your texts stay on this device: no server, no statistics.'
}

/** The name of a sentence of the page. */
export type TextKey = keyof typeof zh

/** Every sentence of the page, by language. */
export const TEXTS: Record<Language, Record<TextKey, string>> = { zh, en }

/** Pairs to begin with, in the manner of the demo corpus, which is all that the demo model has read; the names are made up. */
export const EXAMPLES: readonly { readonly name: Record<Language, string>; readonly a: string; readonly b: string }[] =
  [
    { name: { zh: '同一事件', en: 'Same event' }, a: '启辰动物园为老虎安新家', b: '刚刚，启辰动物园扩建老虎兽舍' },
    { name: { zh: '同一话题', en: 'Same topic' }, a: '启辰动物园为老虎安新家', b: '诺焱动物园抓回逃跑的猴子' },
    { name: { zh: '毫不相关', en: 'Unrelated' }, a: '启辰动物园为老虎安新家', b: '衡鑫科技开放新系统内测' },
    {
      name: { zh: '短文与长文', en: 'Short and long' },
      a: '霁渚县12月15日见闻：启垚动物园扩建老虎兽舍',
      b: '启垚动物园又有新动作：12月15日在霁渚县，启垚动物园给动物换新兽舍。按照计划，启垚动物园翻新旧兽舍，数字是10平方米。有学者把熊猫写进了报告。记者看到，10平方米写在启垚动物园的公告里。饲养员曾是难题，如今幼崽带来变化。大家怎么看？'
    }
  ]

/** What the ranking begins with. */
export const RANK_EXAMPLE = {
  query: '启辰动物园为老虎安新家',
  candidates: [
    '岚洲镇拓宇应急局抽干低洼处的积水',
    '煜辰动物园引进一批老虎',
    '衡鑫科技开放新系统内测',
    '刚刚，启辰动物园扩建老虎兽舍',
    '诺焱动物园抓回逃跑的猴子'
  ].join('\n')
}
