// A value that changes often, followed at a pace that can be drawn.
import { useEffect, useRef, useState } from 'react';

export function useThrottled<T>(value: T, milliseconds: number): T {
  const [shown, setShown] = useState(value);
  const at = useRef(0);
  useEffect(() => {
    if (milliseconds === 0) return setShown(value);
    const wait = Math.max(0, at.current + milliseconds - Date.now());
    const timer = setTimeout(() => {
      at.current = Date.now();
      setShown(value);
    }, wait);
    return () => clearTimeout(timer);
  }, [value, milliseconds]);
  // What is complete is shown at once.
  return milliseconds === 0 ? value : shown;
}
