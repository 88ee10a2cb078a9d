import { activitiesOn } from '../../activities/activities';
import { services } from '../../activities/services';
import { allArrows, catalog } from '../../schemas/arrows';
import handlersToCome from '../../schemas/handlers-to-come.json';
import { commandContracts, eventContracts } from '../../schemas/validate';

type Handlers = Record<string, { receives: Record<string, unknown> }>;

const contracted = [...Object.keys(commandContracts), ...Object.keys(eventContracts)];
const arrows = allArrows();

test('every message with a contract has a handler wherever the catalog brings it, or is named as still to come', () => {
  const missing = Object.keys(catalog.services).flatMap((service) => {
    const handled = Object.keys((services as Handlers)[service]?.receives ?? {});
    return contracted
      .filter((message) => arrows.has(`${message}>${service}`) && !handled.includes(message))
      .map((message) => `${message} > ${service}`);
  });
  const toCome = Object.entries(handlersToCome).flatMap(([service, messages]) =>
    messages.map((message) => `${message} > ${service}`),
  );
  expect(toCome.sort()).toEqual(missing.sort());
});

// Running flows know their steps by these names: one that is taken away or renamed breaks them (CONTRIBUTING.md).
test('the names of the activities are those that running flows know', () => {
  expect(Object.keys(activitiesOn({} as never, {} as never, {} as never)).sort()).toMatchSnapshot();
});
