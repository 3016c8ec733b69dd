/*
 * A file of history, sent in parts: what was sent before the connection broke is not sent again.
 */
import { html, useRef, useState } from "../core/dom.js";
import { address, read, request, seg } from "../core/api.js";
import { bytes, percent } from "../core/format.js";
import { t } from "../core/strings.js";
import { useAction } from "../core/use.js";
import { Button, ProblemNote, Section } from "./base.js";
import { Choice, Field, Form } from "./form.js";
import { kindLabel } from "./imports.js";
import { toast } from "./toast.js";

const PART = 8 << 20; /* whole MiB, because only those count of what breaks off */
const KINDS = ["", "customers", "subscribers", "categories", "products", "orders", "messages"];

/* How much of this file is there already. */
async function received(path, file) {
	const parts = (await read(path)).items.find((row) => row.name === file.name && row.bytes === file.size);

	return parts ? parts.received : 0;
}

/* tell(n): so many bytes are there. Gives the number of the import. */
async function sendFile(path, file, kind, tell) {
	let from = await received(path, file), answer = null;

	do {
		const to = Math.min(from + PART, file.size);

		tell(from);
		answer = await request("POST", address(path, { name: file.name, kind }), {
			blob: file.slice(from, to), range: `bytes ${from}-${to - 1}/${file.size}`
		});
		from = answer.received;
	} while (answer.import === null && from < file.size);
	return answer.import;
}

export function Upload({ stores, reload }) {
	const [chosen, setStore] = useState(""), [kind, setKind] = useState(""), [file, setFile] = useState(null);
	const [sent, setSent] = useState(null), input = useRef(null), store = chosen || stores[0].name;
	const [run, state] = useAction(async () => {
		const id = await sendFile(`/stores/${seg(store)}/import`, file, kind, setSent).finally(() => setSent(null));

		input.current.value = "";
		setFile(null);
		reload();
		toast(t("upload.done", { id }));
	});

	return html`<${Section} title=${t("upload.title")} id="upload" note=${t("upload.note")}>
		<${Form} class="filters" onSubmit=${() => file && run()}>
			${stores.length > 1 && html`<${Choice} label=${t("filters.store")} value=${store} onValue=${setStore}
				choices=${stores.map((row) => row.name)} />`}
			<${Field} label=${t("upload.file")} help=${t("upload.file.help")}>${(props) => html`
				<input type="file" ref=${input} ...${props}
					onChange=${(event) => setFile(event.target.files[0] || null)} />`}<//>
			<${Choice} label=${t("upload.kind")} value=${kind} onValue=${setKind}
				choices=${KINDS.map((name) => [name, name ? kindLabel(name) : t("upload.kind.any")])} />
			<div class="field"><${Button} type="submit" kind="main" busy=${state.busy} disabled=${!file}>
				${t("upload.do")}<//></div><//>
		${sent !== null && file && html`<div class="progress-row"><progress max=${file.size} value=${sent}
			aria-label=${t("upload.progress")}></progress>
			<span>${percent(sent / Math.max(1, file.size))} · ${bytes(file.size)}</span></div>`}
		<${ProblemNote} error=${state.error} kept=${t("upload.kept")} /><//>`;
}
