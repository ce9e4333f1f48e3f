// The pairs that npm start shows. None of their texts is in a corpus (start.test.mjs).
const story =
  '记者从云渡市轨道交通集团获悉，连接老城和机场的4号线将于周六早上六点半开门迎客。线路全长二十八公里，设十九座车站，全程约四十分钟。' +
  '开通首月市民可凭身份证免费乘车。集团负责人说，为赶在春运前通车，工人们在江底隧道连续奋战了三个冬天。'
/** Pairs in the style of the embedded corpus, written for this: [what they share, lengths, first text, second text]. */
export const news = [
  ['the same event', 'ss', '云渡地铁4号线周六开通', '等了五年，终于能坐地铁去云渡机场了！'],
  ['the same topic', 'ss', '云渡地铁4号线周六开通', '安屏市首条轻轨下月试运行'],
  ['another topic', 'ss', '云渡地铁4号线周六开通', '连降暴雨，城南多条道路被淹'],
  ['the same event', 'sl', '免费坐一个月！云渡老城到机场四十分钟', story],
  ['the same topic', 'sl', '安屏轻轨因信号故障推迟开通', story]
]

const long =
  '启垚动物园又有新动作：12月15日在霁渚县，启垚动物园给动物换新兽舍。按照计划，启垚动物园翻新旧兽舍，数字是10平方米。' +
  '有学者把熊猫写进了报告。记者看到，10平方米写在启垚动物园的公告里。饲养员曾是难题，如今幼崽出生带来了变化。你怎么看？'
/** Pairs in the style of the generated demo corpus, the only one that a network trained on it knows. */
export const generated = [
  ['the same event', 'ss', '启辰动物园为老虎安新家', '刚刚，启辰动物园扩建老虎兽舍'],
  ['the same topic', 'ss', '启辰动物园为老虎安新家', '诺焱动物园抓回逃跑的猴子'],
  ['another topic', 'ss', '启辰动物园为老虎安新家', '衡鑫科技开放新系统内测'],
  ['the same event', 'sl', '启垚动物园扩建老虎兽舍，12月15日动工', long],
  ['another topic', 'sl', '岚洲镇拓宇应急局连夜抽干低洼处的积水', long]
]
