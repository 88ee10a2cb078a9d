import path from 'node:path';
import type { Locator, Page } from 'playwright-core';
import type { Platform } from '../demo/platform';
import { projectFolder } from '../local/project-folder';
import type { makeSituations } from './situations';

const folder = path.join(projectFolder, 'docs', 'pictures');

type FlowIds = Awaited<ReturnType<typeof makeSituations>>;

/** The Web UI moves while a flow runs, so that a click waits for ever for it to hold still. */
const click = (what: Locator): Promise<void> => what.dispatchEvent('click');

/**
 * Takes all pictures of docs/operations.md into docs/pictures/.
 *
 * @param page 1280 pixels wide
 * @returns the pictures' files
 */
export async function takePictures(
  page: Page,
  { webUiUrl, temporalNamespace, apiUrl }: Platform,
  flowIds: FlowIds,
): Promise<string[]> {
  const workflows = `${webUiUrl}/namespaces/${temporalNamespace}/workflows`;
  const addressOf = (flowId: string): string => `${workflows}/${flowId}`;
  const taken: string[] = [];
  const take = async (name: string, from: Locator, to?: Locator): Promise<void> => {
    const file = `${name}.png`;
    await (to ? shoot(page, file, { from, to }) : from.screenshot({ path: path.join(folder, file) }));
    taken.push(file);
  };
  const heading = (name: string): Locator => page.getByText(name, { exact: true }).first();

  await open(page, `${workflows}?query=${encodeURIComponent('NeedsAttention=true')}`);
  await chooseColumns(page);
  await take(
    'needs-attention',
    page.locator('h1').first(),
    page.getByTestId('workflows-summary-table-configuration-button'),
  );

  await openTab(page, addressOf(flowIds.silent), 'user-metadata');
  await take('checklist', heading('Current Details'), detailOf(page, 'asset-center'));

  await openTab(page, addressOf(flowIds.failing), 'pending-activities');
  await take('failing-step', heading('partner-hub.disbursement-requested'), heading('Stack Trace'));

  // The form lists the flow's Updates once the Web UI has asked the flow for them, as it does to show its details.
  await openTab(page, addressOf(flowIds.failing), 'user-metadata');
  await detailOf(page, 'asset-center').waitFor();
  const update = await fillInUpdate(page);
  await take('send-update', update);

  await open(page, `${apiUrl}/docs`);
  await take('api-docs', page.locator('.opblock-tag-section', { hasText: '/v1/ops/acts' }));

  // Last, and not at once: a step's name has room on its bar only when most of the flow's time has gone into it.
  await page.waitForTimeout(90_000);
  await open(page, addressOf(flowIds.failing));
  await take('history', heading('Event History'), heading('loan-engine.submit-loan-application'));
  return taken;
}

/** The Web UI goes on asking its server, so a page is there when what is to be seen on it is. */
const open = async (page: Page, address: string): Promise<void> => void (await page.goto(address));

/** A tab's address has the run's id in it, which the Web UI finds out when it opens the flow. */
async function openTab(page: Page, address: string, tab: 'user-metadata' | 'pending-activities') {
  await open(page, address);
  await page.waitForURL('**/history');
  await open(page, page.url().replace(/history$/, tab));
}

/** The first line of a flow's details with a text in it. The Web UI shows Markdown in a frame of its own. */
const detailOf = (page: Page, text: string): Locator =>
  page.locator('iframe').last().contentFrame().getByText(text).first();

/** The columns that docs/operations.md tells operators to choose. */
async function chooseColumns(page: Page): Promise<void> {
  await click(page.getByTestId('workflows-summary-table-configuration-button'));
  for (const column of ['Run ID', 'Type', 'Start', 'End'])
    await click(page.getByLabel(`Remove ${column} column`));
  for (const column of ['Stage', 'Partner']) await click(page.getByLabel(`Add ${column} column`));
  await click(page.getByTestId('drawer-close-button'));
  await click(page.getByLabel('Collapse saved views'));
  await page.getByTestId('drawer-close-button').waitFor({ state: 'hidden' });
}

/** Opens the form of the failing flow's Updates, and fills it in; it is not sent. */
async function fillInUpdate(page: Page): Promise<Locator> {
  await click(page.getByRole('button', { name: 'More Actions' }));
  await click(page.getByRole('menuitem', { name: 'Send an Update' }));
  const form = page.locator('dialog[open]');
  await click(form.getByTestId('update-select-button'));
  await click(form.getByRole('option', { name: 'retry-now' }));
  await form.locator('.cm-content').first().focus();
  await page.keyboard.insertText('{ "by": "operator-1", "reason": "The right is back." }');
  return form;
}

/** What stands at the left of each page of the Web UI, and says nothing about flows. */
const sidebarPx = 64;

/** Photographs the page from the top of one element to the bottom of another, right of the sidebar. */
async function shoot(page: Page, file: string, { from, to }: { from: Locator; to: Locator }): Promise<void> {
  await from.waitFor();
  await to.waitFor();
  const [above, below] = [await from.boundingBox(), await to.boundingBox()];
  if (!above || !below) throw new Error(`What ${file} shows is not on the page.`);
  const margin = 8;
  const y = Math.max(above.y - margin, 0);
  await page.screenshot({
    path: path.join(folder, file),
    clip: { x: sidebarPx, y, width: 1280 - sidebarPx, height: below.y + below.height + margin - y },
    animations: 'disabled',
    // A worker's identity names the machine that it runs on.
    mask: [page.getByText(/^\d+@\S+$/)],
    maskColor: '#e2e8f0',
  });
}
