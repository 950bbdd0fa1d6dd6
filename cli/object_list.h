// A `kind: List` in a manifest: several objects in one document, as `kubectl get -o yaml` writes
// them. Pure.
#pragma once

#include <vector>

#include "operators/api/decode.h"
#include "operators/codec/document.h"

namespace lockstep {

// `document` itself, or, when it is a List (a kind that ends in List, with `items`), its items in
// order, each as a document of its own with its places in the text; Lists among them are opened as
// well. What is wrong with the List itself goes to `findings`, and its items come all the same.
std::vector<Document> ObjectsIn(Document document, std::vector<Finding>& findings);

}  // namespace lockstep
