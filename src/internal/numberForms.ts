/**
 * Forms of a phone number that reach one phone. Carriers, WhatsApp above all,
 * write numbers of some countries in an older or newer form than the one that
 * was dialled.
 */

interface Form {
  readonly pattern: RegExp
  readonly canonical: string
}

const forms: ReadonlyArray<Form> = [
  // Mexico: the 1 of mobile numbers was abolished in 2019, and WhatsApp still writes it.
  { pattern: /^\+521(\d{10})$/, canonical: "+52$1" },
  // Argentina: mobile numbers have a 9 in international form, and a 15 after the area code in the domestic one.
  { pattern: /^\+549(\d{10})$/, canonical: "+54$1" },
  { pattern: /^\+549?(?=\d{12}$)(11|[23]\d{2,3}?)15(\d{6,8})$/, canonical: "+54$1$2" },
  // Brazil: mobile numbers, which begin with 6 to 9, got a ninth digit between 2012 and 2016.
  { pattern: /^\+55([1-9]{2})([6-9]\d{7})$/, canonical: "+55$19$2" },
  // Benin: all numbers got 01 in front in 2024.
  { pattern: /^\+229([2-9]\d{7})$/, canonical: "+22901$1" }
]

/**
 * Countries that dial 0 before national numbers, none of which begins with 0
 * itself, according to libphonenumber. In `+44 (0)7911 123456` it is no part of
 * the number. In a few countries some numbers begin with two zeros, and in Rwanda
 * landlines with one.
 */
const trunkZero = new RegExp(
  `^\\+(${
    "20|27|31|32|33|40|41|43|44|46|49|51|53|54|55|57|58|60|61|63|64|66|84|86|90|91|92|93|94|95|98|211|212|213|218|231|" +
    "232|233|234|243|249|251|252|254|255|256|260|261|262|263|264|265|291|353|355|358|370|373|374|377|380|381|382|383|" +
    "385|386|387|389|421|423|508|590|591|593|594|595|596|686|850|855|856|880|886|961|962|963|964|966|967|970|971|972|" +
    "976|977|994|995|996"
  })0+|^\\+(62|81|82|359|375|598)0(?=[1-9])|^\\+(250)0(?=[27]\\d{8}$)`
)

/** Returns whether a text is an E.164 phone number. */
export const isPhoneNumber = (text: string | undefined): text is string =>
  text !== undefined && /^\+[1-9]\d{6,14}$/.test(text)

/**
 * Countries that dial something else before national numbers, or numbers that
 * begin with 0, with the length of those numbers: North America and the Marshall
 * Islands 1, Russia and its neighbours 8, Hungary 06, and Gabon 0.
 */
const otherTrunk =
  /^\+(?:(1)1(?=[2-9]\d{9}$)|(7)8(?=\d{10}$)|(36)06|(241)0(?=\d{8}$)|(370|993)8(?=\d{8}$)|(375)80?(?=[1-4]\d{8}$)|(692)1(?=\d{7}$))/

/** Matches all numbers that one of the patterns may change, and few others: most numbers need none of them. */
const mayHaveTrunkPrefix = /^\+(?:[17]|36|241|370|375|692|993|\d{2,3}0)/

/** The countries that have {@link forms}. */
const mayHaveForms = /^\+(?:5[245]|229)/

/** Removes what is dialled within a country from `+` and digits. A number that is too short without it is kept. */
export const withoutTrunkPrefix = (number: string): string => {
  if (!mayHaveTrunkPrefix.test(number)) return number
  const code = (...[, ...codes]: ReadonlyArray<string | undefined>) => `+${codes.slice(0, -2).join("")}`
  const without = number.replace(otherTrunk, code).replace(trunkZero, code)
  return isPhoneNumber(without) ? without : number
}

/** Returns the one form of an E.164 number that all its forms have in common. It may not be the one to dial. */
export const canonicalNumber = (number: string): string => {
  // North America has one form.
  if (number.startsWith("+1") && number[2] !== "1") return number
  const plain = withoutTrunkPrefix(number)
  if (!mayHaveForms.test(plain)) return plain
  const form = forms.find(({ pattern }) => pattern.test(plain))
  return form === undefined ? plain : plain.replace(form.pattern, form.canonical)
}
