/*
 * The whole story of one thing: what came, what was made of it, what Klaviyo was told and what it answered.
 */
import { html } from "../core/dom.js";
import { address } from "../core/api.js";
import { bytes, cut } from "../core/format.js";
import { href } from "../core/router.js";
import { t } from "../core/strings.js";
import { useRead } from "../core/use.js";
import { Facts, Fold, Foreign, Loaded, Notice, Page, Section, Tag, Time } from "../parts/base.js";
import { ActivityLine } from "../parts/activity_line.js";
import { Answer } from "../parts/answer.js";
import { DeliveryStory } from "../parts/delivery_story.js";
import { JsonView } from "../parts/json_view.js";
import { State } from "../parts/state.js";

function Part({ row }) {
	const title = html`${t(`kind.${row.kind}`)} <${Foreign} text=${row.id} />${" "}
		<span class="soft">${row.part}</span>`;
	const link = row.message && html` <a href=${href("story", row.message)}>${row.message}</a>`;

	if (row.body === undefined || row.body === null)
		return html`<li>${row.op && t(`op.${row.op}`)} ${title}${link}</li>`;
	return html`<li><details><summary>${row.op && t(`op.${row.op}`)} ${title}</summary>${link}
			<${JsonView} value=${row.body} label=${t("story.body")} /></details></li>`;
}

function Parts({ rows }) {
	return html`<ul class="parts">${rows.map((row, i) => html`<${Part} key=${i} row=${row} />`)}</ul>`;
}

const TITLE_SIGNS = 80; /* the whole title stands in what the shop sent */
const TONES = { there: "good", accepted: "good", waiting: "warn", failed: "bad", skipped: "plain", deleted: "plain" };

function Told({ row }) {
	return html`<li>${t(`delivery.${row.kind}`)} <a href=${href("story", row.delivery)}><${Foreign} text=${row.external_id}
		mono=${true} /></a>${" "}<${Tag} tone=${TONES[row.state]}>${t(`story.told.${row.state}`)}<//></li>`;
}

/* "Mug, red – Product mug-1", or without a title "Product mug-1". */
function nameOf(row) {
	const kind = t(`kind.${row.kind}`);

	return row.title ? t("story.named", { title: cut(row.title, TITLE_SIGNS), kind, id: row.id }) : `${kind} ${row.id}`;
}

function Entity({ row }) {
	return html`<${Section} title=${nameOf(row)} note=${row.store}>
		${row.deleted && html`<${Tag} tone="warn">${t("story.deleted")}<//>`}
		${row.held && html`<${Notice} tone="warn" title=${t("story.held")}><bdi dir="auto">${row.held}</bdi><//>`}
		<h3>${t("story.said")}</h3>
		${row.facts.length ? html`<${Parts} rows=${row.facts} />` :
			html`<p class="soft">${t("story.said.nothing")}</p>`}
		<h3>${t("story.told")}</h3>
		${row.sent.length ? html`<ul class="parts">${row.sent.map((sent) =>
			html`<${Told} key=${sent.kind + sent.external_id} row=${sent} />`)}</ul>` :
			html`<p class="soft">${t("story.told.nothing")}</p>`}
	<//>`;
}

function Message({ row, open }) {
	return html`<${Fold} title=${t("story.message", { id: row.id })} note=${row.topic} open=${open}
		state=${row.state && html`<${State} name=${row.state} />`}>
		${!row.kept && html`<p class="soft">${t("story.message.gone")}</p>`}
		${row.kept && html`<${Facts} rows=${[
			[t("story.received"), html`<${Time} at=${row.received_at} exact=${true} />`],
			[t("filters.store"), row.store],
			[t("story.topic"), html`<${Foreign} text=${row.topic} mono=${true} />`],
			row.source_id && [t("story.source_id"), html`<${Foreign} text=${row.source_id} mono=${true} />`],
			[t("story.size"), bytes(row.bytes)]
		]} />`}
		${row.body !== undefined && html`<details><summary>${t("story.raw")}</summary>
			<${JsonView} value=${row.body} label=${t("story.raw")} /></details>`}
		${row.facts.length > 0 && html`<h3>${t("story.means")}</h3><${Parts} rows=${row.facts} />`}
	<//>`;
}

function Whole({ story }) {
	return html`<${Answer} story=${story} />
		<div class="columns">
			<div>
				${story.entities.map((row) => html`<${Entity} key=${row.store + row.kind + row.id} row=${row} />`)}
				${story.deliveries.map((row) => html`<${DeliveryStory} key=${row.id} row=${row}
					open=${story.deliveries.length === 1} />`)}
				${story.messages.map((row) => html`<${Message} key=${row.id} row=${row}
					open=${story.messages.length === 1} />`)}
			</div>
			<${Section} title=${t("story.timeline")} id="timeline">${story.timeline.length === 0 ?
				html`<p class="soft">${t("story.timeline.empty")}</p>` :
				html`<ol class="timeline">${story.timeline.map((row) => html`<${ActivityLine} key=${row.id}
					row=${row} />`)}</ol>`}<//>
		</div>`;
}

export default function Story({ parts, query }) {
	const about = parts[0] || "";
	const story = useRead(address("/story", { about, store: query.store }), { live: true });
	const of = story.data && story.data.about === "entity" && story.data.entities.find((row) => row.id === about);
	const title = of ? nameOf(of) : query.kind ? nameOf({ kind: query.kind, id: about }) : t("story.title", { id: about });

	return html`<${Page} title=${title} wide=${true}>
		<${Loaded} read=${story} lines=${8}>${(data) => html`<${Whole} story=${data} />`}<//>
	<//>`;
}
