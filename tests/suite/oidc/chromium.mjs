// Drives Chromium: `node chromium.mjs MODULES CHROMIUM PROFILE ROLE …` tells on its last line where it came to and as whom.
import { createRequire } from 'node:module';

const [, , modules, executablePath, profile, role, ...rest] = process.argv;
const { chromium } = createRequire(`${modules}/x.js`)('playwright-core');
const context = await chromium.launchPersistentContext(`${profile}/profile`, {
  executablePath,
  headless: true,
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
context.setDefaultTimeout(20_000);

// The service tells what it got: as whom.
const whom = async (page) => {
  const { fields } = JSON.parse(await page.innerText('body'));
  const all = Array.isArray(fields) ? Object.fromEntries(fields) : fields;
  return [].concat(all['x-user'])[0];
};
const say = async (page, name, url) => {
  await page.fill('input[name=login]', name);
  await page.fill('input[name=password]', 'x');
  await Promise.all([page.waitForURL(url), page.click('button[type=submit]')]);
};

try {
  const page = await context.newPage();
  const roles = {
    async login(url, name) {
      await page.goto(url);
      await say(page, name, url);
      return `${page.url()} ${await whom(page)}`;
    },
    async visit(url) {
      await page.goto(url);
      return `${page.url()} ${await whom(page)}`;
    },
    async tabs(one, two, name) {
      const other = await context.newPage();
      await page.goto(one);
      await other.goto(two);
      await say(other, name, two);
      await say(page, name, one);
      return `${page.url()} ${await whom(page)} ${other.url()} ${await whom(other)}`;
    },
    async fetch(url, path) {
      await page.goto(url);
      return `${await page.evaluate(async (path) => (await fetch(path)).status, path)}`;
    },
    async logout(url, again) {
      await page.goto(url);
      await page.waitForURL('**/bye');
      const at = page.url();
      await page.goto(again);
      return `${at} ${(await page.locator('input[name=login]').count()) ? 'login' : 'no login'}`;
    },
  };
  console.log(`told ${await roles[role](...rest)}`);
} catch (error) {
  console.log(`told failed ${String(error).split('\n')[0]}`);
  console.error(error);
} finally {
  await context.close();
}
