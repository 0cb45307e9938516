export const Logo = ({ size = 28 }: { readonly size?: number }) => (
  <svg class="logo" width={size} height={size} viewBox="0 0 32 32" aria-hidden="true">
    <rect width="32" height="32" rx="8" class="logo-back" />
    <path
      d="M8 11.500A3.500 3.500 0 0 1 11.500 8h9a3.500 3.500 0 0 1 3.500 3.500v5a3.500 3.500 0 0 1-3.500 3.500H15l-4.200 3.400a.5.5 0 0 1-.8-.4V20A3.500 3.500 0 0 1 8 16.500z"
      class="logo-front"
    />
  </svg>
)
