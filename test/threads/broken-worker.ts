/** As a worker whose module fails while it is evaluated; other programs' bundles do that. */
throw new Error('my worker is broken')
