/** What the flows are bundled from: for workers, and for whoever bundles once for many of them. */
export const flowsBundle = {
  workflowsPath: require.resolve('../workflows'),
  preloadModules: [require.resolve('../workflows/moves/stack-limit')],
};
