/* The latest message of a store, and the exact requests it becomes with the settings as they are saved. */
import { html, useState } from "../core/dom.js";
import { address, read, send } from "../core/api.js";
import { may, useSession } from "../core/session.js";
import { t } from "../core/strings.js";
import { useAction } from "../core/use.js";
import { Button, ProblemNote, Section } from "./base.js";
import { Requests } from "./requests.js";

export function Latest({ name }) {
	const session = useSession(), [shown, setShown] = useState(null);
	const [run, state] = useAction(async () => {
		const page = await read(address("/activity", { store: name, code: "message_mapped", limit: 1 })), row = page.items[0];

		setShown(row ? (await send("/preview", { store: name, message: row.message })).items : []);
	});

	if (!may(session, "people:read"))
		return null;
	return html`<${Section} title=${t("preview.title")} id="latest" note=${t("preview.note")}
		actions=${html`<${Button} busy=${state.busy} onClick=${run}>${t("preview.latest")}<//>`}>
		<${ProblemNote} error=${state.error} />
		${shown && shown.length === 0 && html`<p class="soft">${t("preview.no_message")}</p>`}
		${shown && shown.map((row, i) => html`<${Requests} key=${i} preview=${row} />`)}
	<//>`;
}
