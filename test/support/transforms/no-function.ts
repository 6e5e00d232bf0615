const notAFunction = { a: 1 }
export default notAFunction
