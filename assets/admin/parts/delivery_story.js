/*
 * One thing that Klaviyo was to be told: each time it left, with whom, what came back, the request itself,
 * and why it waits.
 */
import { html, useState } from "../core/dom.js";
import { address, read } from "../core/api.js";
import { number } from "../core/format.js";
import { href } from "../core/router.js";
import { t } from "../core/strings.js";
import { useAction } from "../core/use.js";
import { sentenceOf, toneOf } from "./activity_line.js";
import { Button, Facts, Fold, Foreign, Notice, ProblemNote, Tag, Time } from "./base.js";
import { JsonView } from "./json_view.js";
import { State } from "./state.js";

function Members({ row }) {
	if (row.count === 1)
		return html`<span class="soft">${t("story.alone")}</span>`;
	const rest = row.count - row.members.length;

	return html`<details><summary>${t("story.members", { n: number(row.count) })}${row.more ? "+" : ""}</summary>
		<ul class="members">${row.members.map((one) => html`<li key=${one.delivery}>
			<a href=${href("story", one.delivery)}>${one.delivery}</a>${" "}
			<span class="soft">${t(`kind.${one.kind}`)}</span> <${Foreign} text=${one.id} /></li>`)}
		${rest > 0 && html`<li class="soft">${t("story.members.rest", { n: number(rest) })}</li>`}</ul></details>`;
}

function Back({ row }) {
	return html`<li><${Tag} tone=${toneOf(row.code)}>${sentenceOf(row)}<//>${" "}
		${row.http_status > 0 && html`<code>HTTP ${row.http_status}</code> `}
		<${Time} at=${row.at} exact=${true} />
		${row.reason && html`<p><${Foreign} text=${row.reason} /></p>`}</li>`;
}

function Sendings({ rows }) {
	return html`<h3>${t("story.sendings")}</h3><ol class="sendings">${rows.map((row, i) => html`<li key=${i}>
		<p><${Time} at=${row.at} exact=${true} /> · <code>${row.endpoint}</code></p>
		<${Members} row=${row} />
		${row.answers.length === 0 ? html`<p class="soft">${t("story.no_answer")}</p>` :
			html`<ul class="plain">${row.answers.map((answer, k) => html`<${Back} key=${k} row=${answer} />`)}</ul>`}
	</li>`)}</ol>`;
}

/* The request with all that left in it; asked for, because it may be long. */
function Whole({ id, count }) {
	const [whole, setWhole] = useState(null);
	const path = address("/story/request", { delivery: id });
	const [run, state] = useAction(async () => setWhole(await read(path)));

	if (whole)
		return html`${!whole.complete && html`<p class="note">${t("story.request.incomplete")}</p>`}
			<${JsonView} value=${whole.request.body} label=${`${whole.request.method} ${whole.request.url}`} />`;
	return html`<${ProblemNote} error=${state.error} />
		<div class="actions"><${Button} kind="small" busy=${state.busy} onClick=${run}>
			${t("story.request.whole", { n: number(count) })}<//></div>`;
}

function Request({ row }) {
	const last = row.sendings[row.sendings.length - 1];

	if (!row.request)
		return row.body !== undefined && html`<details><summary>${t("story.body")}</summary>
			<${JsonView} value=${row.body} label=${t("story.body")} /></details>`;
	return html`<details open=${row.state === "failed"}>
		<summary>${t(last ? "story.request" : "story.request.would")}</summary>
		<${JsonView} value=${row.request.body} label=${`${row.request.method} ${row.request.url}`} />
		${last && last.count > 1 && html`<${Whole} id=${row.id} count=${last.count} />`}</details>`;
}

export function DeliveryStory({ row, open }) {
	const title = t("story.delivery", {
		op: t(`verb.${row.op}`), kind: t(`delivery.${row.kind}`), id: row.external_id
	});

	return html`<${Fold} title=${title} open=${open || row.state === "failed"}
		state=${html`<${State} name=${row.state} />`}>
		${row.waits && html`<${Notice} tone="warn" title=${t("story.waits")}><${Foreign} text=${row.waits} /><//>`}
		<${Facts} rows=${[
			[t("story.id"), html`<code>${row.id}</code>`], [t("story.account"), row.account],
			[t("story.made"), html`<${Time} at=${row.created_at} exact=${true} />`],
			[t("story.priority"), t(`priority.${row.priority}`)],
			row.attempts > 0 && [t("story.attempts"), number(row.attempts)],
			row.due_at && [t("story.due"), html`<${Time} at=${row.due_at} />`],
			row.reason && [t("story.reason"), html`<${Foreign} text=${row.reason} />`],
			row.message && [t("story.because"), html`<a href=${href("story", row.message)}>${row.message}</a>`],
			row.copy_of && [t("story.copy_of"), html`<a href=${href("story", row.copy_of)}>${row.copy_of}</a>`]
		]} />
		${row.sendings.length > 0 && html`<${Sendings} rows=${row.sendings} />`}
		<${Request} row=${row} />
	<//>`;
}
