// The part of Go's text/template that Katib's v1alpha3 trial templates use. Pure.
//
// Fields (.Trial, .A.B, `.`, $.Trial), if / else if / else, with, range, end, trim markers {{- -}},
// comments, printf (%s %d %v %q %%), eq, ne, not, strings, whole numbers, true, false, parentheses,
// pipes. Everything else is refused by name, never printed as something else. As for the structs
// that Katib passes, a field that is not there is an error (with a Go map it would be the text
// "<no value>").
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "operators/codec/json.h"
#include "runtime/base/status.h"

namespace lockstep {

struct GoTemplateOptions {
  // A string of the data that holds this stands for a value that is known only later: it can be
  // printed, and nothing may be decided by it. Empty: there are none.
  std::string unknown;
  // More is InvalidArgument.
  std::size_t bytes_max = 1u << 20;  // of the text, and of all strings made on the way
  int depth_max = 50;                // of blocks and parentheses
  int steps_max = 100'000;           // nodes that are rendered, again in each turn of a range
};

struct RenderedGoTemplate {
  std::string text;
  std::vector<int> lines;  // of the template, from 1: where each line of the text came from
};

// `data`: objects for structs, arrays for lists, strings, whole numbers, booleans.
// InvalidArgument "LINE:COLUMN: what, why", the place in `text`.
Result<RenderedGoTemplate> RenderGoTemplate(std::string_view text, const Json& data,
                                            const GoTemplateOptions& options = {});

}  // namespace lockstep
