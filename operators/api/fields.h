// What the visitors walk: structs that list their fields once, in Fields(self, visitor).
#pragma once

namespace lockstep {

template <class T>
concept HasFields = requires { &T::template Fields<T, int>; };

}  // namespace lockstep
