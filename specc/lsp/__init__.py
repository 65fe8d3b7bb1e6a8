"""The language server: what `specc check` knows, in the editor. It needs pygls (the extra `lsp`)."""
