// Whether a TrainingJob whose group has failed is started again. Pure.
#pragma once

#include <string_view>
#include <vector>

namespace lockstep {

// Restarts that cost the user nothing still end somewhere.
inline constexpr int kLostRestartsMax = 10;         // of a launcher that was killed
inline constexpr int kRequestedRestartsMax = 1000;  // of ranks that asked for it by exit code 75

// `causes`: how each generation failed so far (names of ExitCause), the last one last. A lost
// launcher is the machine's fault, exit code 75 the program's wish, and an earlier generation that
// was stopped was suspended: none counts against maxRestarts. A program that does not start and a
// deadline that has passed would only fail again; one that was stopped now (suspension.h knows when
// that was a suspension) was not meant to go on.
bool RestartsAfter(const std::vector<std::string_view>& causes, int max_restarts);

}  // namespace lockstep
