/*
 * A dialog: the browser's own, which keeps the focus inside and closes on Escape.
 */
import { html, useEffect, useId, useRef, useState } from "../core/dom.js";
import { t } from "../core/strings.js";
import { useAction } from "../core/use.js";
import { Button, Icon, ProblemNote } from "./base.js";
import { Form, TextField } from "./form.js";

export function Dialog({ title, onClose, children, fixed, wide }) {
	const box = useRef(null), id = useId();

	useEffect(() => {
		const before = document.activeElement;

		box.current.showModal();
		return () => before && before.isConnected && before.focus();
	}, []);
	return html`<dialog ref=${box} class=${wide ? "dialog wide" : "dialog"} aria-labelledby=${id}
		onCancel=${(event) => {
		event.preventDefault();
		if (!fixed)
			onClose();
	}}>
		<header class="card-head"><h2 id=${id} dir="auto">${title}</h2>
			${!fixed && html`<button type="button" class="button small plain" aria-label=${t("act.close")} onClick=${onClose}>
				<${Icon} name="close" /></button>`}
		</header>
		${children}
	</dialog>`;
}

/* Asks before something is done that cannot be taken back; with reason: why, which the audit keeps. */
export function Confirm({ title, text, act, danger, reason, onDo, onClose, kept }) {
	const [why, setWhy] = useState("");
	const [run, state] = useAction(async () => {
		await onDo(why.trim());
		onClose();
	});

	return html`<${Dialog} title=${title} onClose=${onClose}>
		<${Form} onSubmit=${() => (!reason || why.trim()) && run()}>
			<p dir="auto">${text}</p>
			${reason && html`<${TextField} label=${t("reason")} help=${t("reason.help")} value=${why} onValue=${setWhy} maxlength="500" />`}
			<${ProblemNote} error=${state.error} kept=${kept} />
			<div class="actions end">
				<${Button} onClick=${onClose}>${t("act.cancel")}<//>
				<${Button} type="submit" kind=${danger ? "danger" : "main"} busy=${state.busy} disabled=${Boolean(reason) && !why.trim()}>${act}<//>
			</div>
		<//>
	<//>`;
}
