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
  demoModel: '这个模型是从零训练的，只读过生成的新闻，认识的话题很少；页面上的示例它判断不好。',
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
  factVectors: '已保存的向量',
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
    'This model was trained from scratch on generated news of a few topics: it judges the examples of this page poorly.',
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
  legend: 'The line is the threshold of the task: a score above it is a match.',
  yes: 'match',
  no: 'no match',
  score: 'score',
  threshold: 'threshold',
  truncated: 'truncated',
  rankTitle: 'Rank by similarity',
  query: 'Query',
  criterion: 'Task',
  candidates: 'Candidates, one per line',
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
  factVectors: 'Vectors kept',
  factReasons: 'Not chosen',
  none: 'none',
  download: 'download',
  verify: 'verify',
  compile: 'compile',
  privacy: 'Your texts stay on this device: no server, no statistics.'
}

export type TextKey = keyof typeof zh

/** Every text of the page, by language. */
export const TEXTS: Record<Language, Record<TextKey, string>> = { zh, en }

/** Initial pairs, written for this page; the places are fictional. */
export const EXAMPLES: readonly { readonly name: Record<Language, string>; readonly a: string; readonly b: string }[] =
  [
    {
      name: { zh: '同一事件，字面不同', en: 'Same event, other words' },
      a: '禾塘大桥提前两个月通车',
      b: '等了三年，去对岸终于不用再绕一个钟头了：今早禾塘大桥放行'
    },
    { name: { zh: '同一话题', en: 'Same topic' }, a: '苇溪马拉松三万人开跑', b: '雾山半程马拉松因暴雨推迟' },
    { name: { zh: '毫不相关', en: 'Unrelated' }, a: '苇溪马拉松三万人开跑', b: '新款折叠手机下月开售' },
    {
      name: { zh: '短文与长文', en: 'Short and long' },
      a: '免费坐一个月！云渡老城到机场四十分钟',
      b: '记者从云渡市轨道交通集团获悉，连接老城和机场的4号线将于周六早上六点半开门迎客。线路全长二十八公里，设十九座车站，全程约四十分钟。开通首月市民可凭身份证免费乘车。集团负责人说，为赶在春运前通车，工人们在江底隧道连续奋战了三个冬天。'
    }
  ]

/** Initial content of the ranking. */
export const RANK_EXAMPLE = {
  query: '苹果滞销，果农一块钱三斤叫卖',
  candidates: [
    '台风过境，三百亩香蕉被吹倒',
    '新款折叠手机下月开售',
    '今年苹果大丰收却卖不出去，地里堆成了山',
    '柚子丰收遇冷，乡亲盼着客商上门',
    '果园里办起婚礼，新人踩着落叶走红毯'
  ].join('\n')
}
