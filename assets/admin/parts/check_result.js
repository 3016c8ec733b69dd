/* What Klaviyo says of a key: whose it is, what it may, what exists already. */
import { html } from "../core/dom.js";
import { t } from "../core/strings.js";
import { Facts, Foreign, Icon, Notice, Tag } from "./base.js";

function Scope({ row }) {
	const tone = row.found === null ? "plain" : row.found ? "good" : "bad";

	return html`<li><span class=${`mark ${tone}`}><${Icon} name=${row.found ? "good" : row.found === null ? "wait" : "bad"} /></span>
		<div><code>${row.scope}</code> <span class="soft">${row.for}</span>
			<span class="visually-hidden">${t(`check.scope.${tone}`)}</span>
			${row.problem && html`<p class="note" dir="auto">${row.problem}</p>`}</div></li>`;
}

export function CheckResult({ check }) {
	const missing = check.scopes.filter((row) => row.found === false).length;

	return html`<div class="check-result">
		${check.problem && html`<${Notice} tone="bad" title=${check.problem}><p dir="auto">${check.remedy}</p><//>`}
		${check.organization !== null && html`<${Facts} rows=${[
			[t("check.organization"), html`<${Foreign} text=${check.organization} />`],
			check.timezone && [t("check.timezone"), check.timezone],
			check.currency && [t("check.currency"), check.currency],
			check.public_key && [t("check.public_key"), html`<code>${check.public_key}</code>`],
			[t("check.revision"), t("check.revision.is", { revision: check.revision, date: check.revision_retires })]
		]} />`}
		${check.scopes.length > 0 && html`<h3>${t("check.scopes")} ${missing === 0 ? html`<${Tag} tone="good">${t("check.scopes.all")}<//>` :
			html`<${Tag} tone="bad">${t("check.scopes.missing", { n: missing })}<//>`}</h3>
			<ul class="scopes">${check.scopes.map((row) => html`<${Scope} key=${row.scope} row=${row} />`)}</ul>`}
		${check.metrics.length > 0 && html`<h3>${t("check.metrics")}</h3><p class="note">${t("check.metrics.note")}</p>
			<ul class="plain">${check.metrics.map((row) => html`<li key=${row.metric}>${row.metric}: ${row.found.map((name) =>
				html` <${Tag} key=${name}><${Foreign} text=${name} /><//>`)}</li>`)}</ul>`}
	</div>`;
}
