export type Language = 'zh' | 'en'

const zh = {
  skip: '跳到正文',
  title: '两段中文，是不是一回事',
  lead: '一个小模型在这台设备上判断：两段文字说的是不是同一件事，是不是同一个话题。短标题、长文章都可以，按长短自动选择任务。',
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
  sayEvent: '这两段文字说的是同一件事。',
  sayTopic: '这两段文字属于同一话题，但说的不是同一件事。',
  sayNeither: '这两段文字既不是同一件事，也不属于同一话题。',
  others: '其他长短组合的判断（不是为这样的长度训练的）',
  windows: '长文按重叠窗口全部读完',
  cutHere: '模型大约读到第 # 个字；划去的 # 个字没有读',
  share: '复制链接',
  linkCopied: '链接已复制，文字在链接里，不经过服务器。',
  linkInAddress: '链接在地址栏里，文字在链接里，不经过服务器。',
  legend: '竖线是该任务的阈值；分数超过它即判为匹配。',
  yes: '匹配',
  no: '不匹配',
  score: '分数',
  threshold: '阈值',
  truncated: '已截断',
  rankTitle: '按相似度排序',
  query: '查询',
  criterion: '任务',
  candidates: '候选（每行一条，最多 200 行）',
  rankDo: '排序',
  ranking: '正在排序',
  linesLeftOut: '只排前 200 行，略去 # 行',
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
  title: 'Do two Chinese texts say the same?',
  lead: 'One small model answers on this device: are two texts about the same event, and about the same topic? Headlines and articles alike; their lengths choose the task.',
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
  sayEvent: 'The two texts are about the same event.',
  sayTopic: 'The two texts have the same topic, but are about different events.',
  sayNeither: 'The two texts are about different events, and different topics.',
  others: 'Verdicts for other lengths (not trained on texts of these)',
  windows: 'read long texts to their end, in overlapping windows',
  cutHere: 'The model read about # characters; the # that are struck out were not read',
  share: 'Copy link',
  linkCopied: 'The link is copied. The texts are in it; no server keeps them.',
  linkInAddress: 'The link is in the address bar. The texts are in it; no server keeps them.',
  legend: 'The line is the threshold of the task: a score above it is a match.',
  yes: 'match',
  no: 'no match',
  score: 'score',
  threshold: 'threshold',
  truncated: 'truncated',
  rankTitle: 'Rank by similarity',
  query: 'Query',
  criterion: 'Task',
  candidates: 'Candidates, one per line, at most 200',
  rankDo: 'Rank',
  ranking: 'ranking',
  linesLeftOut: 'the first 200 lines; # left out',
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

/** Longer than the 512 tokens that the models read. */
const LONG_TEXT = [
  '周六清晨，天还没亮，云渡老城的鼓楼广场上已经排起了长队。家住附近的退休教师孟老先生五点不到就到了，他想坐上第一班去机场的地铁。',
  '“等了五年，终于等到这一天。”他说。六点半，站厅的卷帘门缓缓升起，等候的人群里响起掌声。首班车上座无虚席，不少人举着手机拍下车窗外掠过的隧道灯光。',
  '这条线路从老城西门出发，穿过江底，经大学城、会展中心，终点设在机场航站楼地下二层。乘客出站后乘扶梯上行，三分钟就能走到值机柜台。',
  '过去从老城去机场，要么坐一个半小时的大巴，要么花近百元打车，遇上早高峰还要在跨江大桥上堵半个小时。如今只要四十分钟，首月凭身份证还能免费乘坐。',
  '负责江底隧道施工的工程师回忆，最难的是第二个冬天：盾构机在江心遇到一段破碎的岩层，每天只能推进不到一米。项目部把办公室搬进了工地，一百多名工人轮班值守，春节也没有回家。',
  '沿线的商户同样盼着这一天。会展中心站旁边的一家面馆把开门时间提前了一个小时，老板说，光是试运行的那个星期，早餐就多卖了两百碗。',
  '大学城站的出口正对着图书馆，学生们说，周末去老城看展览再也不用换两趟公交。也有市民提出意见：两座换乘站的通道偏长，导向标识不够清楚，老人容易走错方向。',
  '运营方回应，将在一个月内增设标识，并安排志愿者在高峰时段引导。按照计划，线路开通后每天运行到夜里十一点半，高峰时段五分钟一班。',
  '交通部门预计，开通首年日均客流将达到十八万人次，跨江大桥的车流量有望减少一成以上。'
].join('')

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
    },
    {
      name: { zh: '用户提问：换个说法', en: 'Questions: other words' },
      a: '花呗逾期一天会影响征信吗',
      b: '花呗晚还了一天，会不会上征信'
    },
    {
      name: { zh: '用户提问：差一个词', en: 'Questions: one word differs' },
      a: '怎么关闭微信的自动续费',
      b: '怎么开通微信的自动续费'
    },
    {
      name: { zh: '真实新闻标题', en: 'Headlines of real news' },
      a: '杭州第19届亚运会开幕式举行',
      b: '亚运会今晚在杭州开幕，数字火炬手点燃主火炬'
    },
    {
      name: { zh: '长文与超出模型长度的长文', en: 'Long and longer than the model reads' },
      a: '记者从云渡市轨道交通集团获悉，连接老城和机场的4号线将于周六早上六点半开门迎客。线路全长二十八公里，设十九座车站，全程约四十分钟。开通首月市民可凭身份证免费乘车。集团负责人说，为赶在春运前通车，工人们在江底隧道连续奋战了三个冬天。',
      b: LONG_TEXT
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
