/*
 * A new shop: what to paste, and waiting for its first message. Turns green by itself.
 */
import { html } from "../core/dom.js";
import { address, seg } from "../core/api.js";
import { take } from "../core/handover.js";
import { href } from "../core/router.js";
import { t } from "../core/strings.js";
import { useRead } from "../core/use.js";
import { Icon, Loaded, Page, Section, Time } from "../parts/base.js";
import { Guide } from "../parts/guide.js";
import { Sample } from "../parts/sample.js";
import { Steps } from "../parts/steps.js";
import { ActivityLine } from "../parts/activity_line.js";

const ASK_MS = 2000;

function Waiting({ store }) {
	const there = Boolean(store.last_message_at);

	return html`<div class=${there ? "beacon good" : "beacon"} role="status" aria-live="polite">
		<span class="beacon-mark" aria-hidden="true"><${Icon} name=${there ? "good" : "wait"} /></span>
		<div><strong>${there ? t("waiting.there") : t("waiting.not_yet")}</strong>
			<p>${there ? html`${t("waiting.last")} <${Time} at=${store.last_message_at} />` : t("waiting.how")}</p></div>
	</div>`;
}

function FirstSteps({ store }) {
	const rows = useRead(address("/activity", { store: store.name, limit: 12 }), { live: true, every: ASK_MS });

	return html`<${Section} title=${t("waiting.story")} id="story" note=${t("waiting.story.note")}>
		<${Loaded} read=${rows}>${(page) => html`<ul class="timeline">${page.items.slice().reverse().map((row) =>
			html`<${ActivityLine} key=${row.id} row=${row} />`)}</ul>`}<//>
		<div class="actions end"><a class="button main" href=${href()}>${t("waiting.overview")}</a></div>
	<//>`;
}

export default function WaitingScreen({ parts, query }) {
	const name = parts[0] || "", store = useRead(`/stores/${seg(name)}`, { every: ASK_MS, live: true });

	return html`<${Page} title=${t("waiting.title", { store: name })}>
		${query.first === "1" && html`<${Steps} at="event" />`}
		<${Loaded} read=${store}>${(row) => html`
			<${Waiting} store=${row} />
			${row.last_message_at && html`<${FirstSteps} store=${row} />`}
			<${Section} title=${t("waiting.paste")} id="paste"><${Guide} guide=${row.guide} secret=${take("secret of " + name)} /><//>
			<${Sample} store=${row} />`}<//>
	<//>`;
}
