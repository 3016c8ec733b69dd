/* One thing that happened, in a story. */
import { html } from "../core/dom.js";
import { href } from "../core/router.js";
import { t, known } from "../core/strings.js";
import { Foreign, Time } from "./base.js";

const TONES = {
	message_refused: "bad", message_failed: "bad", delivery_failed: "bad", account_stopped: "bad",
	store_silent: "bad", sign_in_refused: "bad",
	root_held: "warn", delivery_retry: "warn", message_duplicate: "warn", delivery_skipped: "warn",
	delivery_accepted: "good", delivery_job: "good", root_released: "good", account_resumed: "good", message_mapped: "info"
};

export const toneOf = (code) => TONES[code] || "plain";
export const sentenceOf = (row) => known(`code.${row.code}`) ? t(`code.${row.code}`) : row.text;

/* Where the whole story of a row is; null: it is about nothing in particular. */
export function storyOf(row) {
	if (row.entity)
		return href("story", row.entity.id, { store: row.store, kind: row.entity.kind });
	if (row.delivery || row.message)
		return href("story", row.delivery || row.message);
	return null;
}

export function ActivityLine({ row }) {
	const link = storyOf(row);

	return html`<li class=${`event ${toneOf(row.code)}`}>
		<div class="event-head"><strong>${sentenceOf(row)}</strong> <${Time} at=${row.at} exact=${true} /></div>
		${row.reason && html`<p dir="auto"><${Foreign} text=${row.reason} /></p>`}
		<p class="soft ids">${row.entity && html`<span>${t(`kind.${row.entity.kind}`)} <${Foreign} text=${row.entity.id} /></span> `}
			${row.message && html`<a href=${href("story", row.message)}>${row.message}</a> `}
			${row.delivery && html`<a href=${href("story", row.delivery)}>${row.delivery}</a> `}
			${!row.message && !row.delivery && link && html`<a href=${link}>${t("act.story")}</a>`}</p>
	</li>`;
}
