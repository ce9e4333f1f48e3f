/** The splits share topics, but neither frames nor names. */
export type Split = 'train' | 'valid' | 'test'

/**
 * Sentence frames of one split. Slots: {who} {act} {place} {date} {figure} {word} {also} (a second word of the topic) {again} (the act
 * in other words).
 */
export interface Frames {
  readonly headlines: readonly string[]
  readonly leads: readonly string[]
  readonly details: readonly string[]
  readonly backgrounds: readonly string[]
  readonly closings: readonly string[]
}

/** Written for this project. */
export const FRAMES: Readonly<Record<Split, Frames>> = {
  train: {
    headlines: [
      '{place}{who}{act}',
      '{who}{act}，{date}在{place}公布',
      '{date}，{place}的{who}{act}',
      '{place}：{who}{act}，涉及{figure}',
      '{place}{who}{act}，共{figure}',
      '最新消息：{place}{who}{date}{act}',
      '{place}{who}{act}，{figure}受关注',
      '{who}{act}？{place}这样回应',
      '关注{word}：{place}{who}{act}',
      '{place}传来消息，{who}{act}',
      '{word}快讯：{who}{date}{act}',
      '{date}消息，{place}{who}{act}，{figure}',
      '一图看懂{place}{who}{act}',
      '{who}{date}{act}，{place}市民热议'
    ],
    leads: [
      '{date}，{place}{who}{act}。',
      '记者{date}从{place}获悉，{who}{act}。',
      '{who}{act}，这是{place}{date}传出的消息。',
      '{place}消息：{who}于{date}{act}。',
      '{date}上午，{who}在{place}宣布，{who}{act}。',
      '据{place}当地媒体{date}报道，{who}{act}。'
    ],
    details: [
      '据介绍，此次{again}，涉及{figure}。',
      '{who}方面说，共有{figure}，比去年多。',
      '现场人员介绍，{who}{again}，准备了{figure}。',
      '数据显示，这一次达到{figure}，{place}居民都很关心。',
      '{who}的负责人表示，{figure}只是开始。',
      '知情人士说，{who}早就打算{again}。',
      '在{place}，{who}此前已为此准备多时。',
      '{who}强调，{date}之后还会有新的安排。',
      '算下来，{figure}，{who}用了不到一年。'
    ],
    backgrounds: [
      '近年来，{place}的{word}和{also}一直受人关注。',
      '有人认为，{word}不能只看眼前，{also}也要跟上。',
      '说到{word}，许多人先想到{also}。',
      '专家指出，{word}与{also}密不可分。',
      '过去三年，{place}在{word}方面投入不少。',
      '网友留言说，希望{also}越来越好。',
      '业内普遍看好{word}，也担心{also}。',
      '不少年轻人因为{word}开始了解{also}。',
      '从{word}到{also}，变化就在身边。',
      '{place}今年还会举办与{word}有关的活动。',
      '此前，{word}问题曾多次被提起。',
      '有老人回忆，从前这里谈不上{word}。',
      '{also}的标准也在修订之中。',
      '围绕{word}，各方意见并不一致。'
    ],
    closings: [
      '下一步安排将另行公布。',
      '本报将继续关注。',
      '具体情况以官方通知为准。',
      '目前一切进展顺利。',
      '市民可拨打热线了解详情。'
    ]
  },
  valid: {
    headlines: [
      '{who}{act}，地点就在{place}',
      '刚刚，{place}{who}{act}',
      '{figure}！{who}{act}',
      '{place}{date}见闻：{who}{act}',
      '聊聊{word}，{who}{date}{act}',
      '说说{place}：{who}{act}，{figure}',
      '{who}{act}引发讨论'
    ],
    leads: [
      '{who}又有新动作：{date}在{place}，{who}{act}。',
      '在{place}，人们{date}等来了一个消息，{who}{act}。',
      '今天的话题来自{place}：{date}，{who}{act}。'
    ],
    details: [
      '有关人士透露，{figure}已经确定，{who}会{again}。',
      '按照计划，{who}{again}，数字是{figure}。',
      '记者看到，{figure}写在{who}的公告里。',
      '{date}当天，{who}回答了大家的提问。',
      '消息传到{place}，人们纷纷议论{who}。'
    ],
    backgrounds: [
      '谈起{word}，当地人总会说到{also}。',
      '{also}曾是难题，如今{word}带来变化。',
      '不少读者来信询问{word}和{also}。',
      '在{place}，{word}早已不是新鲜事。',
      '{word}好不好，{also}最有发言权。',
      '有学者把{word}写进了报告。',
      '关于{also}的讨论持续了整整一周。',
      '与{word}相关的话题登上热榜。'
    ],
    closings: ['更多内容请看明天的报道。', '大家怎么看？', '后续消息我们会及时更新。']
  },
  test: {
    headlines: [
      '听说了吗？{place}{who}{act}',
      '{who}为何{act}',
      '{date}起，{who}{act}',
      '{place}早报：{who}{act}，{figure}',
      '从{word}说起：{place}{who}{act}',
      '{who}{act}，{figure}，时间是{date}',
      '记录{place}：{who}{act}'
    ],
    leads: [
      '时间回到{date}，{place}的{who}{act}。',
      '{place}的{who}近日成为焦点，因为{date}，{who}{act}。',
      '一则来自{place}的通报称，{who}{date}{act}。'
    ],
    details: [
      '通报提到，{who}{again}，规模为{figure}。',
      '多位居民说，没想到{who}会{again}。',
      '{figure}，这是{who}给出的答案。',
      '在{place}，{who}的名字这几天常被提到。',
      '{who}回忆，{date}那天大家都很激动。'
    ],
    backgrounds: [
      '{word}的故事，离不开{also}。',
      '与以往相比，{place}的{word}已经大不相同。',
      '研究者提醒，{also}同样值得重视。',
      '有评论说，{word}和{also}缺一不可。',
      '眼下，{word}正变得越来越普通。',
      '这几天，{also}成了茶余饭后的话题。',
      '一本讲{word}的书也卖得不错。',
      '没有{also}，就没有今天的{word}。'
    ],
    closings: ['我们期待更多进展。', '详情可到官网查询。', '事情还在继续。']
  }
}

const stems = (first: string, second: string) => ({ first: [...first], second: [...second] })

/** Characters of invented names; pairs of characters are dealt to the splits, so that no two splits share a name. */
export const NAME_PARTS = {
  place: stems('青云临泽岚砚汀沐霁樟梧榆桐芷荻蒲', '岭溪湾川浦渚屿坞畈堰埠塘洲潭渡冈'),
  placeSuffix: ['市', '县', '镇'],
  stem: stems('星启恒瀚拓衡鼎卓骏翎朔煜铭诺晟锐', '澜辰宇曜帆岳弘瑞屹峥焱垚森淼鑫泓'),
  surname: [...'陆沈顾傅裴祁岑虞柯蔺殷骆盛樊戚'],
  given: stems('明嘉思景知若书子亦承怀慕', '远言宁舟微安禾尧棠川恺霖')
} as const
