/*
 * Numbers, times and sizes as the viewer's language has them.
 */
import { t } from "./strings.js";

const LOCALE = navigator.languages && navigator.languages.length ? [...navigator.languages] : ["en"];
const whole = new Intl.NumberFormat(LOCALE);
const fine = new Intl.NumberFormat(LOCALE, { maximumFractionDigits: 1 });
const compact = new Intl.NumberFormat(LOCALE, { notation: "compact", maximumFractionDigits: 1 });
const percents = new Intl.NumberFormat(LOCALE, { style: "percent", maximumFractionDigits: 0 });
const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const full = new Intl.DateTimeFormat(LOCALE, { dateStyle: "medium", timeStyle: "medium" });
const SECONDS = { hour: "numeric", minute: "2-digit", second: "2-digit" };
const ofToday = new Intl.DateTimeFormat(LOCALE, SECONDS);
const ofThisYear = new Intl.DateTimeFormat(LOCALE, { month: "short", day: "numeric", ...SECONDS });
const clock = new Intl.DateTimeFormat(LOCALE, { hour: "2-digit", minute: "2-digit" });
const UNITS = [["year", 31536000], ["month", 2592000], ["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];

export const number = (value) => whole.format(value);
export const rate = (value) => fine.format(value);
export const short = (value) => value < 100000 ? whole.format(value) : compact.format(value);
export const percent = (part) => percents.format(part);
export const timeFull = (iso) => full.format(new Date(iso));

/* To the second, and no more of the date than today needs. */
export function timeShort(iso, now = new Date()) {
	const at = new Date(iso);

	if (at.toDateString() === now.toDateString())
		return ofToday.format(at);
	return (at.getFullYear() === now.getFullYear() ? ofThisYear : full).format(at);
}

export const timeClock = (ms) => clock.format(new Date(ms));

export function money(value, currency) {
	try {
		return new Intl.NumberFormat(LOCALE, { style: "currency", currency }).format(value);
	} catch (error) {
		return `${value} ${currency}`;
	}
}

export function bytes(value) {
	const units = ["B", "kB", "MB", "GB", "TB"];
	let i = 0;

	for (; value >= 1000 && i < units.length - 1; i++)
		value /= 1000;
	return `${fine.format(value)} ${units[i]}`;
}

/* The same moment in a zone of the shop, for hover; UTC where no zone is known. */
export function timeIn(iso, zone) {
	try {
		return new Intl.DateTimeFormat(LOCALE, { dateStyle: "medium", timeStyle: "long", timeZone: zone || "UTC" })
			.format(new Date(iso));
	} catch (error) {
		return iso;
	}
}

/* "3 minutes ago", "in 2 hours" */
export function timeAgo(iso, now = Date.now()) {
	const seconds = Math.round((Date.parse(iso) - now) / 1000);

	if (Math.abs(seconds) < 3)
		return t("time.now");
	const [unit, size] = UNITS.find(([, length]) => Math.abs(seconds) >= length) || UNITS[UNITS.length - 1];

	return relative.format(Math.trunc(seconds / size), unit);
}

/* "placed_order" -> "Placed order" */
export function words(key) {
	const text = key.replace(/_/g, " ");

	return text.charAt(0).toUpperCase() + text.slice(1);
}

/* "hold a product back" -> "Hold a product back"; the name of a setting stays as it is. */
export const sentence = (text) => /^[a-z]+[^a-z_]/.test(text) ? text.charAt(0).toUpperCase() + text.slice(1) : text;

/* So many signs of a text, as they are seen, and … where there are more. */
export function cut(text, n) {
	const signs = Array.from(new Intl.Segmenter().segment(text), (one) => one.segment);

	return signs.length > n ? signs.slice(0, n).join("") + "…" : text;
}
