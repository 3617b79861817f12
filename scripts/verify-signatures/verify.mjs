// Verifies deliveries by Standard Webhooks' library for JavaScript, through the code in docs/webhooks.md. Says what
// is wrong and exits 1, or how much was checked.
//
// verify.mjs MODULES KEPT FRESH STALE: the folder beside node_modules; deliveries of a time long past, of this
// minute, and of six minutes ago.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [modules, ...paths] = process.argv.slice(2);
const [kept, fresh, stale] = paths.map((path) => JSON.parse(readFileSync(path, "utf8")));
let done = 0;

function check(holds, what) {
    if (!holds) {
        console.error(`javascript: ${what}`);
        process.exit(1);
    }
    done += 1;
}

// A module finds its libraries by where it lies.
const blocks = [...readFileSync("docs/webhooks.md", "utf8").matchAll(/^```js\n(.*?)^```/gms)];
check(blocks.length === 1, "docs/webhooks.md shows no JavaScript, or more than one piece of it");
writeFileSync(`${modules}/shown.mjs`, blocks[0][1]);
const { verify } = await import(pathToFileURL(`${modules}/shown.mjs`));

const NO_MATCH = "No matching signature found";

function refusal(body, headers, secret) {
    try {
        verify(body, headers, secret);
        return null;
    } catch (error) {
        if (error.name !== "WebhookVerificationError") throw error;
        return error.message;
    }
}

// Stops the library's clock.
function at(seconds, run) {
    const { now } = Date;
    Date.now = () => seconds * 1000;
    try {
        run();
    } finally {
        Date.now = now;
    }
}

// What holds while the delivery is neither too old nor too new.
function checkStandard({ name, headers, body: text, signed_by, not_signed_by }) {
    const body = Buffer.from(text);
    for (const secret of signed_by) {
        const said = refusal(body, headers, secret);
        check(said === null, `${name}: is not verified: ${said}`);
        assert.deepEqual(verify(body, headers, secret), JSON.parse(text));
        for (const place of body.keys()) {
            const other = Buffer.from(body);
            other[place] ^= 1;
            check(refusal(other, headers, secret) === NO_MATCH, `${name}: ${other} passes`);
        }
        const second = String(Number(headers["webhook-timestamp"]) - 1);
        for (const other of [{ "webhook-id": "other" }, { "webhook-timestamp": second }]) {
            const said = refusal(body, { ...headers, ...other }, secret);
            check(said === NO_MATCH, `${name}: ${JSON.stringify(other)} passes, or ${said}`);
        }
        for (const missing of ["webhook-id", "webhook-timestamp", "webhook-signature"]) {
            check(refusal(body, { ...headers, [missing]: "" }, secret) !== null, `${name}: passes without ${missing}`);
        }
    }
    for (const secret of not_signed_by) {
        check(refusal(body, headers, secret) === NO_MATCH, `${name}: a wrong secret passes`);
    }
}

function checkSays({ name, headers, body, signed_by }, why) {
    const said = refusal(Buffer.from(body), headers, signed_by[0]);
    check(said === why, `${name}: ${said} instead of ${why}`);
}

const names = (vectors) => JSON.stringify(vectors.map((vector) => vector.name));
check(kept.length > 0 && names(fresh) === names(kept) && names(stale) === names(kept), "vectors are missing");

for (const vector of kept) {
    const sentAt = Number(vector.headers["webhook-timestamp"]);
    at(sentAt, () => checkStandard(vector));
    at(sentAt - 301, () => checkSays(vector, "Message timestamp too new"));
    at(sentAt - 300, () => checkSays(vector, null));
    at(sentAt + 300, () => checkSays(vector, null));
    at(sentAt + 301, () => checkSays(vector, "Message timestamp too old"));
}
fresh.forEach(checkStandard);
for (const vector of [...kept, ...stale]) {
    checkSays(vector, "Message timestamp too old");
}
console.log(`javascript: ${kept.length} kept and ${fresh.length} fresh deliveries, ${done} checks hold`);
