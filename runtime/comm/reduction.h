// The arithmetic of the collectives, in host memory.
//
// Float16 and bfloat16 are accumulated in float32 and rounded once (to nearest even). A NaN in any
// input is a NaN in the result, for max and min too. Integer sums wrap around; integer averages
// truncate toward zero.
#pragma once

#include <cstddef>
#include <span>

#include "runtime/comm/communicator.h"

namespace lockstep {

// out[i] = sources[0][i] op sources[1][i] op ..., in that order, so that the same inputs give the
// same bits wherever it is computed. `out` may be one of the sources.
void Reduce(DataType type, ReduceOp op, std::span<const void* const> sources, std::size_t count,
            void* out);

// data[i] /= divisor: turns a sum into an average.
void Divide(DataType type, void* data, std::size_t count, int divisor);

// Between float16 or bfloat16 and float32.
void WidenToFloat(DataType type, const void* from, std::size_t count, float* to);
void NarrowFromFloat(DataType type, const float* from, std::size_t count, void* to);

}  // namespace lockstep
