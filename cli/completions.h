// Completions: what may stand where the cursor is in a command line, from the verbs and options
// there are.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace lockstep {

// Names of the objects of `plural` in `namespace_`; empty when they cannot be had.
using ObjectNames = std::function<std::vector<std::string>(const std::string& plural,
                                                           const std::string& namespace_)>;

// `words`: those after "lockstep", the last one begun and perhaps empty. Each candidate replaces
// that last word; one that ends with '/' or '=' goes on. None: a file, or anything.
std::vector<std::string> Completions(const CLI::App& app, const std::vector<std::string>& words,
                                     const ObjectNames& names);

// The script that asks `lockstep __complete` for them; shell: bash, zsh or fish.
std::string CompletionScript(const std::string& shell);

}  // namespace lockstep
