/*
 * Texts by key. A translation is a second table like en.js.
 */
import { en } from "./en.js";

const table = en;
const plurals = new Intl.PluralRules("en");

export const known = (key) => Object.hasOwn(table, key);

function fill(text, values) {
	return text.replace(/\{(\w+)\}/g, (whole, name) => values[name] === undefined ? whole : String(values[name]));
}

/* t("held.count", { n: 3 }): {n} is replaced; an entry { one, other } is chosen by n. */
export function t(key, values = {}) {
	const entry = table[key];

	if (entry === undefined)
		return key;
	if (typeof entry === "string")
		return fill(entry, values);
	return fill(entry[plurals.select(Number(String(values.n).replace(/\D/g, "")))] || entry.other, values);
}
