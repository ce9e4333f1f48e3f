/** Topics that readers may confuse: criterion A never pairs two of a row as negatives. */
const RELATED: readonly (readonly string[])[] = [
  ['t007', 't063', 't064', 't096'], // people rescued or found again
  ['t009', 't034'], // services that are down
  ['t017', 't026', 't102'], // branches and shops that close
  ['t021', 't024'], // prices of new and of second-hand homes
  ['t023', 't061'], // disputes with landlords
  ['t028', 't071', 't074'], // food that is not safe
  ['t029', 't072', 't093'], // goods that are not what was promised, fraud
  ['t031', 't107'], // places and festivals to eat at
  ['t034', 't065'], // hospitals whose computers fail
  ['t038', 't100'], // fossils found and shown
  ['t042', 't080'], // contests of pupils with machines
  ['t043', 't125'], // rare blood
  ['t044', 't093'], // accounts and money stolen online
  ['t046', 't116'], // lakes and ponds in which fish die
  ['t047', 't074'], // leftovers
  ['t047', 't124'], // rubbish sorted and gathered
  ['t049', 't050'],
  ['t054', 't083'], // flights in fog
  ['t055', 't128'], // lost things returned
  ['t057', 't083'], // roads in fog
  ['t059', 't060'],
  ['t066', 't069'],
  ['t067', 't068'],
  ['t070', 't125'], // blood and organs given
  ['t077', 't081', 't082', 't083', 't084', 't085'], // bad weather and schools that close for it
  ['t080', 't118'], // machines that pick tea
  ['t086', 't087', 't088'], // fire and gas
  ['t094', 't126'], // neighbours and noise
  ['t097', 't098'],
  ['t105', 't106', 't121'], // restaurants
  ['t108', 't109', 't110', 't111', 't112'], // animals in zoos, in need and in the wild
  // Sagas
  ['t226', 't234'], // singers
  ['t236', 't239'], // old houses and streets
  ['t241', 't242'], // products launched and recalled
  ['t243', 't254'], // apps that order food
  ['t259', 't269'], // plants of a city
  ['t274', 't281'], // people searched for
  ['t276', 't280'], // faces of the internet
  ['t278', 't288'] // after a disaster
]

/** Related topics of those in fields written after the first round; they need not be related to one another. */
const NEAR: Readonly<Record<string, readonly string[]>> = {
  t129: ['t132', 't133', 't135', 't136', 't180'], // celebrities
  t130: ['t098', 't099', 't133', 't134'], // series and shows
  t131: ['t099'], // singers
  t132: ['t028', 't029', 't072', 't212', 't213'], // slips of public faces
  t133: ['t015', 't097', 't098', 't134', 't135', 't136'], // celebrities
  t134: ['t097', 't098'], // series and shows
  t135: ['t097', 't136'], // celebrities
  t136: ['t015', 't178'], // celebrities
  t137: ['t002', 't138', 't139', 't142'], // football
  t138: ['t002', 't005', 't139', 't140', 't141', 't142'], // football
  t139: ['t002', 't005', 't006'], // football
  t140: ['t004'], // upsets
  t141: ['t001', 't003'], // rulings
  t142: ['t002'], // league matches
  t143: ['t012', 't144'], // races
  t145: ['t146', 't150', 't151'], // soups and health
  t147: ['t072'], // losing weight
  t149: ['t204'], // parents and teenagers
  t150: ['t072'], // creams and health products
  t151: ['t105', 't106', 't148', 't152'], // cooking
  t152: ['t107'], // baking
  t153: ['t047', 't115'], // growing plants
  t154: ['t155', 't175', 't188'], // homes fitted out
  t155: ['t156'], // tidying and old things
  t156: ['t047', 't211'], // things used again
  t157: ['t111', 't158'], // pets
  t158: ['t116', 't159'], // fish
  t159: ['t191'], // anglers at the water
  t160: ['t117', 't210'], // tea
  t161: ['t051'], // queues at fuel stations and charging posts
  t162: ['t222'], // prices
  t163: ['t021', 't024', 't164'], // mortgages and housing funds
  t165: ['t019'], // listed companies
  t166: ['t092', 't185'], // pay at the end of a job
  t167: ['t018', 't026', 't102', 't209', 't211'], // small firms that begin and end
  t168: ['t029', 't213', 't214'], // parcels and online orders
  t169: ['t029', 't050', 't171'], // used cars
  t170: ['t049', 't050', 't171'], // test drives
  t171: ['t049', 't051'], // range of electric cars
  t172: ['t033', 't173'], // phones
  t173: ['t033', 't174', 't175'], // gadgets
  t175: ['t035', 't176'], // devices at home
  t176: ['t029'], // repairs and refunds
  t177: ['t039', 't178', 't180'], // tales and customs
  t178: ['t101', 't179'], // memories
  t179: ['t096', 't128'], // people looked for
  t180: ['t181', 't182'], // marriage
  t181: ['t093', 't182'], // money between lovers
  t183: ['t075', 't078', 't079'], // students' stories
  t184: ['t075', 't185', 't187'], // examinations
  t185: ['t167'], // changes of work
  t186: ['t069', 't128', 't187', 't191'], // portraits of working people
  t187: ['t076'], // portraits
  t188: ['t189'], // building in the village
  t189: ['t053', 't056', 't057', 't077'], // roads
  t190: ['t046', 't088'], // water, power and gas at home
  t191: ['t007', 't064', 't218'], // rescues
  t192: ['t062', 't081', 't082', 't195', 't217'], // disasters of nature
  t193: ['t023', 't093'], // rents and deposits
  t194: ['t027'], // supermarkets
  t195: ['t081', 't082', 't083', 't084', 't085'], // extreme weather
  t196: ['t007', 't013', 't144', 't197'], // feats outdoors
  t197: ['t007', 't012', 't013', 't064', 't220'], // long journeys
  t198: ['t145', 't147', 't202'], // food and health
  t199: ['t045', 't084', 't195'], // climate
  t200: ['t036', 't037'], // space
  t201: ['t041', 't208'], // laboratories
  t202: ['t066', 't068', 't203', 't204'], // treatments
  t205: ['t029', 't072'], // disputes over treatment
  t206: ['t146', 't149'], // worries and sleep
  t207: ['t069', 't191'], // first aid
  t208: ['t013', 't066'], // living with a disability
  t209: ['t105', 't106', 't121', 't210'], // restaurants
  t210: ['t100'], // chains
  t211: ['t026', 't102', 't221'], // shops that close
  t212: ['t029', 't093', 't213'], // shopping online
  t213: ['t029'], // shopping online
  t214: ['t087', 't088', 't224'], // fires
  t215: ['t062', 't218'], // shipping lines
  t216: ['t046', 't124'], // nature restored
  t217: ['t039', 't046', 't048', 't081', 't116'], // drowned streets
  t218: ['t007', 't069', 't082', 't219'], // ships in storms
  t219: ['t114', 't116', 't118'], // harvests
  t220: ['t057', 't115', 't116'], // jams
  t221: ['t101', 't106'], // cloth
  t222: ['t113', 't115', 't117'], // goods that do not sell
  t223: ['t031', 't107', 't117'], // street markets
  t224: ['t087', 't088'], // fire and explosion
  // Within `wide`, whose topics are paired with no others
  t305: ['t314', 't316'],
  t306: ['t307', 't313', 't315'],
  t307: ['t311', 't372', 't416'],
  t308: ['t312', 't317', 't320'],
  t309: ['t314', 't315', 't346'],
  t310: ['t311', 't312', 't320'],
  t311: ['t315', 't416'],
  t312: ['t320', 't415'],
  t313: ['t310', 't312', 't315', 't320'],
  t314: ['t318', 't323'],
  t315: ['t338', 't416'],
  t316: ['t314', 't369'],
  t317: ['t310', 't312', 't320'],
  t318: ['t319', 't361', 't399', 't400', 't413'],
  t319: ['t372'],
  t320: ['t311', 't315'],
  t321: ['t326', 't333'],
  t322: ['t332', 't333', 't334', 't335'],
  t323: ['t326', 't327', 't333', 't336', 't347'],
  t324: ['t327', 't328', 't337', 't384', 't413'],
  t325: ['t323', 't326'],
  t326: ['t333', 't336'],
  t327: ['t329', 't336', 't347'],
  t328: ['t357'],
  t329: ['t346'],
  t330: ['t334'],
  t331: ['t359', 't364', 't407'],
  t332: ['t333'],
  t333: ['t334', 't336', 't338', 't348'],
  t334: ['t335', 't336'],
  t336: ['t367'],
  t337: ['t322', 't344', 't345', 't346', 't347', 't384'],
  t338: ['t327', 't337', 't342', 't352', 't416'],
  t339: ['t334', 't343', 't348', 't351', 't356', 't424'],
  t340: ['t321', 't323', 't344', 't345', 't348', 't351'],
  t341: ['t338', 't345', 't349', 't378', 't395', 't398', 't416'],
  t342: ['t317', 't322', 't345', 't348'],
  t343: ['t334', 't336', 't346', 't351'],
  t344: ['t311', 't324', 't345', 't346', 't347', 't384', 't416'],
  t345: ['t346', 't383', 't384'],
  t346: ['t347', 't352'],
  t347: ['t309', 't314', 't316', 't324', 't329', 't338', 't343'],
  t348: ['t321', 't322', 't334', 't345', 't351', 't425'],
  t349: ['t345', 't352', 't361', 't382', 't408', 't416'],
  t350: ['t322', 't338', 't345', 't351', 't371'],
  t351: ['t345', 't352', 't368', 't413', 't416'],
  t352: ['t332', 't340', 't345', 't348', 't384', 't405'],
  t353: ['t359', 't360', 't365', 't407'],
  t354: ['t357', 't358', 't360', 't361', 't362'],
  t355: ['t359', 't363', 't364'],
  t356: ['t357', 't362', 't364', 't366'],
  t357: ['t358'],
  t358: ['t361', 't367'],
  t359: ['t365', 't407'],
  t360: ['t359', 't365', 't368', 't406', 't407'],
  t361: ['t356', 't362', 't365'],
  t362: ['t332', 't336', 't357', 't358'],
  t363: ['t364', 't378', 't380'],
  t364: ['t366', 't398'],
  t365: ['t368', 't407'],
  t366: ['t365'],
  t367: ['t314', 't328', 't334', 't354', 't357'],
  t369: ['t324', 't370', 't381', 't382', 't401'],
  t370: ['t371', 't372', 't375', 't383', 't384'],
  t371: ['t380', 't384', 't412'],
  t372: ['t373', 't378', 't380'],
  t373: ['t374', 't377', 't378', 't380', 't382'],
  t374: ['t376', 't377', 't378', 't383', 't398'],
  t375: ['t372', 't376', 't383', 't412'],
  t376: ['t377', 't383', 't397'],
  t377: ['t378', 't380', 't382'],
  t378: ['t336', 't371', 't380', 't395'],
  t379: ['t397'],
  t381: ['t336', 't382'],
  t382: ['t378', 't380', 't384'],
  t383: ['t377', 't384', 't397'],
  t384: ['t406'],
  t385: ['t378', 't386', 't387', 't388', 't393', 't395', 't398', 't400'],
  t386: ['t388', 't396'],
  t387: ['t388', 't396'],
  t388: ['t393', 't400'],
  t389: ['t318', 't390', 't394', 't399', 't414'],
  t390: ['t391', 't400'],
  t391: ['t392', 't393'],
  t392: ['t393', 't416'],
  t393: ['t378', 't379', 't395', 't398'],
  t394: ['t397', 't399'],
  t395: ['t396'],
  t396: ['t416'],
  t399: ['t400'],
  t401: ['t412'],
  t402: ['t376', 't409', 't411'],
  t403: ['t421', 't424'],
  t404: ['t373', 't380'],
  t405: ['t382', 't407', 't408'],
  t406: ['t407', 't413'],
  t407: ['t364'],
  t408: ['t322', 't339', 't351'],
  t409: ['t410'],
  t410: ['t374', 't411'],
  t412: ['t369', 't374'],
  t413: ['t416'],
  t414: ['t415'],
  t416: ['t397'],
  t418: ['t422', 't427'],
  t419: ['t420', 't422'],
  t421: ['t339'],
  t426: ['t427'],
  t428: ['t332', 't429', 't432'],
  t429: ['t431'],
  t431: ['t416'],
  t432: ['t330', 't383']
}

/** True for the same topic, and for topics too close in meaning for a negative pair. */
export function areRelated(one: string, other: string): boolean {
  return (
    one === other ||
    RELATED.some((row) => row.includes(one) && row.includes(other)) ||
    (NEAR[one] ?? []).includes(other) ||
    (NEAR[other] ?? []).includes(one)
  )
}
