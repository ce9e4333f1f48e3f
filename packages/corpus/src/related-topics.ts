/** Topics that a reader may hold for one, so that criterion A never has two of a row as a negative pair. */
const RELATED: readonly (readonly string[])[] = [
  ['t007', 't063', 't064', 't096'], // people rescued or found again
  ['t009', 't034'], // services that stand still
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
  ['t108', 't109', 't110', 't111', 't112'] // animals in zoos, in need and in the wild
]

/** Whether two topics are the same or too near each other in meaning to be a sure "other topic". */
export function areRelated(one: string, other: string): boolean {
  return one === other || RELATED.some((row) => row.includes(one) && row.includes(other))
}
