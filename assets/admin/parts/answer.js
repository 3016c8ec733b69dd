/*
 * "Where is it?" in one sentence, from the whole story.
 */
import { html } from "../core/dom.js";
import { t } from "../core/strings.js";
import { number } from "../core/format.js";
import { Notice, Time } from "./base.js";

const count = (rows, ...states) => rows.filter((row) => states.includes(row.state)).length;

/* [tone, title, time or null] */
export function answerOf(story) {
	const held = story.entities.find((row) => row.held);
	const told = story.deliveries, failed = count(told, "failed") + count(story.messages, "failed");
	const last = [...story.timeline].reverse().find((row) => row.code === "delivery_accepted" || row.code === "delivery_job");
	const waiting = told.find((row) => row.state === "waiting");

	if (failed > 0)
		return ["bad", t("answer.failed", { n: number(failed) }), null];
	if (held)
		return ["warn", t("answer.held"), null];
	if (waiting)
		return ["warn", t("answer.waiting"), waiting.due_at];
	if (count(told, "ready", "sending") > 0 || count(story.messages, "pending") > 0)
		return ["info", t("answer.on_its_way"), null];
	if (last)
		return ["good", t("answer.accepted", { n: number(Math.max(1, count(told, "accepted"))) }), last.at];
	return ["info", t("answer.nothing"), null];
}

export function Answer({ story }) {
	const [tone, title, at] = answerOf(story);

	return html`<${Notice} tone=${tone} title=${title}>${at && html`<p><${Time} at=${at} /> · <${Time} at=${at} exact=${true} /></p>`}<//>`;
}
