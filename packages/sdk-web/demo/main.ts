import { createModelPanel } from './model-panel'
import { createPairForm } from './pair-form'
import { createRankForm } from './rank-form'
import { createSettings } from './settings'

/** `?model=` names another folder. */
const model = new URLSearchParams(location.search).get('model') ?? new URL('./model/', document.baseURI).href

const settings = createSettings()
const panel = createModelPanel(model, settings)
createPairForm(panel, settings)
createRankForm(panel, settings)
void panel.load()
