// Each place's icon, the same wherever it is named.
import {
  IconChat,
  IconDiscover,
  IconEngine,
  IconModels,
  IconServer,
  IconSettings,
} from '../../components/icons';

export const icons = {
  models: IconModels,
  discover: IconDiscover,
  server: IconServer,
  engines: IconEngine,
  chat: IconChat,
  settings: IconSettings,
};
