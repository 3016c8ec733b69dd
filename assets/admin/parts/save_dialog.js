/*
 * Before settings are saved: what changes, and what that does.
 */
import { html, useEffect, useState } from "../core/dom.js";
import { send } from "../core/api.js";
import { t } from "../core/strings.js";
import { useAction } from "../core/use.js";
import { Button, Notice, ProblemNote, Skeleton } from "./base.js";
import { Dialog } from "./dialog.js";
import { Form } from "./form.js";
import { labelOf } from "./setting_field.js";

export function ChangeLines({ rows }) {
	return html`<ul class="changes">${rows.map((row) => html`<li key=${row.key}><strong>${labelOf(row.key)}</strong>${" "}
		<span class="from"><bdi dir="auto">${row.before || t("choice.empty")}</bdi></span> <span aria-hidden="true">→</span>
		<span class="visually-hidden">${t("changes.to")}</span> <span class="to"><bdi dir="auto">${row.after || t("choice.empty")}</bdi></span>
		${row.before === row.after && html` <span class="soft">${t("changes.source")}</span>`}</li>`)}</ul>`;
}

export function SaveDialog({ name, path, draft, onSave, onWrong, onClose }) {
	const [preview, setPreview] = useState(null);
	const [look, looking] = useAction(async () => {
		try {
			setPreview(await send(`${path}/preview`, { changes: draft }));
			onWrong("");
		} catch (error) {
			onWrong(error.code === "invalid" ? error.detail : "");
			throw error;
		}
	});
	const [run, saving] = useAction(onSave);

	useEffect(() => { look(); }, []);
	return html`<${Dialog} title=${t("save.title", { name })} onClose=${onClose} wide=${true}>
		<${Form} onSubmit=${run}>
			<${ProblemNote} error=${looking.error || saving.error} kept=${t("save.kept")} />
			${!preview && looking.busy && html`<${Skeleton} lines=${3} />`}
			${preview && (preview.changes.length === 0 ? html`<p>${t("save.nothing")}</p>` : html`<${ChangeLines} rows=${preview.changes} />`)}
			${preview && preview.sweep && preview.stores !== 0 && html`<${Notice}
				title=${preview.stores === undefined ? t("save.sweep") : t("defaults.sweep", { n: preview.stores })}>${t("save.sweep.text")}<//>`}
			<div class="actions end"><${Button} onClick=${onClose}>${t("act.cancel")}<//>
				<${Button} type="submit" kind="main" busy=${saving.busy} disabled=${!preview}>${t("save.do")}<//></div>
		<//>
	<//>`;
}
