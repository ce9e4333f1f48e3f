const { join } = require('node:path')
const { pathToFileURL } = require('node:url')

/** The model's folder: give it to `createMatcher({ model })`. */
exports.model = pathToFileURL(`${join(__dirname, 'model')}/`)
